import { describeRandom } from "../helpers/randomProperties.ts";

describeRandom("webgpu", 10);
