import { describeSorts } from "../helpers/sortProperties.ts";

describeSorts("webgpu", 4);
