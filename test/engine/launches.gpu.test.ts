import { describeLaunches } from "../helpers/launches.ts";

describeLaunches("webgpu");
