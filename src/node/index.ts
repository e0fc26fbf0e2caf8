/** The entry `trackgrad/node`: devices through Dawn, events and weights in files. */

export type { HostTensor } from "../engine/formats/hostTensor.ts";
export type { Safetensors } from "../engine/formats/safetensors.ts";
export { loadCheckpoint, type StoredCheckpoint, saveCheckpoint } from "./checkpoints.ts";
export { ClusteringThreads, type ClusteringThreadsOptions } from "./clusteringThreads.ts";
export { type EventSet, EventStore, type EventStoreOptions } from "./eventStore.ts";
export { eventPaths, readAnyEvent, readEvent, saveEvent } from "./events.ts";
export { type FileContent, readFileBytes, writeAtomic } from "./files.ts";
export {
  type AdapterChoice,
  type AdapterReport,
  type AdapterSource,
  listAdapters,
  type NodeGpu,
  type NodeGpuOptions,
  nodeGpu,
} from "./gpu.ts";
export { openDevice } from "./open.ts";
export {
  type LogRecord,
  RunDirectory,
  type RunDirectoryOptions,
  stopOnSignals,
} from "./runDirectory.ts";
export { crc32c, EventFile, type EventFileOptions } from "./tensorboard.ts";
export { loadWeights, saveParameters, saveSafetensors, type WeightType } from "./weights.ts";
