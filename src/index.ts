/** The public API, and the one place that puts kernels and devices to work in the engine. */
import { useEvaluator } from "./engine/evaluator.ts";
import { useKernelsOf } from "./engine/kernel.ts";
import { currentDevice } from "./engine/runtime/open.ts";

useKernelsOf(async () => Object.values((await import("../kernels/index.ts")).kernels));
useEvaluator(currentDevice);

export { type AttentionOptions, attention, crossAttention } from "./engine/attention.ts";
export { gradients } from "./engine/autograd.ts";
export type { Boundary } from "./engine/boundaries.ts";
export { checkpoint } from "./engine/checkpoint.ts";
export {
  full,
  indices,
  ones,
  range,
  scalar,
  type TensorOptions,
  tensor,
  zeros,
} from "./engine/create.ts";
export { customGradient, type GradientRule } from "./engine/customGradient.ts";
export { diffPlans, type PlanDifference } from "./engine/diffPlans.ts";
export type { DType, HostArray } from "./engine/dtype.ts";
export {
  DeviceError,
  DeviceLostError,
  DTypeError,
  FormatError,
  OutOfMemoryError,
  ShapeError,
} from "./engine/errors.ts";
export type { ExplainedLaunch, ExplainOptions, Explanation } from "./engine/explanation.ts";
export {
  type Dims,
  defineKernel,
  type KernelSpec,
  type KernelVariant,
  type Tiles,
} from "./engine/kernel.ts";
export { type KernelOpOptions, kernelOp } from "./engine/kernelOp.ts";
export { findNotFinite, type NotFinite, showNotFinite } from "./engine/notFinite.ts";
export { gelu, silu } from "./engine/ops/activation.ts";
export { type MatmulOptions, matmul } from "./engine/ops/contraction.ts";
export { linear } from "./engine/ops/linear.ts";
export { edgesOfNeighbors, type NeighborEdges } from "./engine/ops/neighborEdges.ts";
export { type KnnOptions, knn, type Neighbors } from "./engine/ops/neighbors.ts";
export { l2Normalize, layerNorm, rmsNorm } from "./engine/ops/normalize.ts";
export { type RadiusOptions, radiusSearch } from "./engine/ops/radiusSearch.ts";
export { type CumsumOptions, cumsum } from "./engine/ops/scan.ts";
export { type SearchOptions, searchSorted } from "./engine/ops/search.ts";
export { segmentAttention } from "./engine/ops/segmentAttention.ts";
export { logSoftmax, logSumExp, softmax } from "./engine/ops/softmax.ts";
export { argsort, type SortOptions, sort } from "./engine/ops/sort.ts";
export { type Topk, type TopkOptions, topk } from "./engine/ops/topk.ts";
export { pack, pieces } from "./engine/pack.ts";
export { type Place, type PlanOptions, withPlan } from "./engine/planning.ts";
export { Rng } from "./engine/random.ts";
export { concat, gather, none } from "./engine/rows.ts";
export { type Ablation, type AblationRow, ablate } from "./engine/runtime/ablate.ts";
export type { Device, DeviceStats } from "./engine/runtime/device.ts";
export {
  type BackendName,
  currentDevice,
  explain,
  type OpenOptions,
  openDevice,
} from "./engine/runtime/open.ts";
export type { Pipeline } from "./engine/runtime/pipeline.ts";
export { traceText } from "./engine/runtime/trace.ts";
export type { Thread, ThreadEvents, ThreadHost } from "./engine/runtime/wasm/startThread.ts";
export { hasWasm } from "./engine/runtime/wasm.ts";
export type { GpuChoice } from "./engine/runtime/webgpu.ts";
export { Scope, scope } from "./engine/scope.ts";
export {
  type Segments,
  scatterAdd,
  segmentMax,
  segmentMean,
  segmentMin,
  segmentSoftmax,
  segmentSum,
  segmentsOf,
} from "./engine/segments.ts";
export type { Shape } from "./engine/shape.ts";
export {
  type CommitOptions,
  commit,
  type Operand,
  type ReduceOptions,
  realize,
  Tensor,
} from "./engine/tensor.ts";
export { type ActivationName, activationNamed, activations } from "./nn/activations.ts";
export {
  type Checkpoint,
  readState,
  type StoredArray,
  type TrainingState,
  type TrainingStore,
  writeState,
} from "./nn/checkpoint.ts";
export {
  fanInUniform,
  type Initialiser,
  xavierNormal,
  xavierUniform,
  zero,
} from "./nn/initialisers.ts";
export * from "./nn/layers/index.ts";
export * from "./nn/losses/index.ts";
export {
  loadParameters,
  modelState,
  parameters,
  Statistic,
  type StoredTensor,
  setParameters,
  valueAndGrad,
} from "./nn/module.ts";
export * from "./nn/optim/index.ts";
export * from "./nn/schedules/index.ts";
export { train } from "./nn/train.ts";
export type { EpochReport, StepReport, TrainingResult, TrainOptions } from "./nn/training.ts";
