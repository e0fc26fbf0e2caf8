/** For tests of ops, kernels and models: gradient checks, comparisons, random inputs. */
export { assertClose, type Values } from "./assertClose.ts";
export {
  broadcastingShape,
  type RandomGraph,
  type RandomView,
  randomGraph,
  randomSegments,
  randomShape,
  randomTensor,
  randomView,
  type ShapeOptions,
  type ValueOptions,
} from "./generate.ts";
export {
  type AdjointOptions,
  adjointCheck,
  type GradcheckOptions,
  gradcheck,
} from "./gradcheck.ts";
export { chance, oneOf, type Random, randomFrom, whole } from "./random.ts";
