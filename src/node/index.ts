/** The entry `trackgrad/node`: files and adapters. */
export { readFileBytes, writeAtomic } from "./files.ts";
export {
  type AdapterChoice,
  type AdapterReport,
  type AdapterSource,
  listAdapters,
  type NodeGpu,
  type NodeGpuOptions,
  nodeGpu,
} from "./gpu.ts";
export { loadWeights, saveSafetensors } from "./weights.ts";
