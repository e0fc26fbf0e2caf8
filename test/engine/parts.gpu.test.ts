import { describeParts } from "../helpers/parts.ts";

describeParts("webgpu");
