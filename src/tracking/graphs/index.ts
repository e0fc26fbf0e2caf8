/** Graphs of hits: plain arrays of edges, and what is known of them. */
export { type DoubletCuts, doublets, type LayeredHits, type LayerPair } from "./doublets.ts";
export { cutEdges, type EdgeIndex, filterEdges } from "./edgeIndex.ts";
export {
  type LabelledGraph,
  type LabelOptions,
  labelledGraph,
  type NodeTruth,
} from "./labelledGraph.ts";
export {
  type LearnOptions,
  type Limits,
  learnModulePairs,
  learnModuleTriplets,
  type ModuleHits,
  type ModuleMapOptions,
  type ModulePair,
  type ModuleTriplet,
  type ModuleTruth,
  modulePairEdges,
  moduleTripletEdges,
} from "./moduleMap.ts";
export { type NearestGraph, type NearestGraphOptions, nearestGraph } from "./nearestGraph.ts";
export { pixelCuts, pixelHits, pixelLabels, pixelLayers, pixelPairs } from "./pixelLayers.ts";
export {
  consecutiveEdges,
  edgeWeights,
  type HitsOfParticles,
  layerwiseEdges,
  modulewiseEdges,
  vertexDistances,
} from "./truthEdges.ts";
export {
  outwardEdges,
  type Walkthrough,
  type WalkthroughOptions,
  walkthrough,
} from "./walkthrough.ts";
