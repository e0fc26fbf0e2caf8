import { describeNeighbors } from "../helpers/neighborProperties.ts";

describeNeighbors("webgpu", 5);
