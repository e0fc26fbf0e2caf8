/**
 * The entry `trackgrad/tracking`: events, tracks and scores as pure functions of typed arrays.
 *
 * Nothing here opens a file or touches a device. Lengths mm, momenta GeV, angles rad; H hits.
 */
export {
  approximatePredict,
  type Clustering,
  type ClusteringProgress,
  type Clusters,
  type ComponentOptions,
  type CondensedTree,
  clusterDendrogram,
  connectedComponents,
  cutSingleLinkage,
  cutsOfSingleLinkage,
  type DbscanFit,
  type DbscanOptions,
  type DbscanScanOptions,
  dbscan,
  dbscanAt,
  dbscanEdges,
  dbscanFit,
  dbscanScan,
  type HdbscanAsyncOptions,
  type HdbscanFit,
  type HdbscanGrid,
  type HdbscanOptions,
  type HdbscanSetting,
  type HdbscanSettings,
  hdbscan,
  hdbscanAsync,
  hdbscanDistances,
  hdbscanFit,
  hdbscanFitAsync,
  hdbscanScan,
  type KdTree,
  type KMeans,
  type KMeansOptions,
  kdTree,
  kMeans,
  kNearest,
  type Metric,
  type MetricName,
  type Neighbors,
  type Points,
  type Prediction,
  type PredictOptions,
  type RadiusNeighbors,
  radiusNeighbors,
  type SearchTask,
  type SearchThreads,
  type SingleLinkage,
  type SpanningTree,
} from "./clustering/index.ts";
export {
  type DbscanGrid,
  type DbscanSetting,
  type ScanEvent,
  type ScanRow,
  type Score,
  scanDbscan,
  scanHdbscan,
} from "./clusteringScan.ts";
export {
  type Columns,
  type Condition,
  type Conditions,
  conditionForms,
  isCondition,
  rowsThatMeet,
} from "./conditions.ts";
export { isColumnsFile, readColumnsFile } from "./datasets/columnsFile.ts";
export {
  type Column,
  type ColumnType,
  type CsvOptions,
  readCsv,
  readCsvPieces,
  type Schema,
  type Table,
} from "./datasets/csv.ts";
export {
  type CsvColumns,
  type CsvPiecesOptions,
  csvPieces,
  writeCsv,
} from "./datasets/csvWriter.ts";
export { type Detectors, readDetectors } from "./datasets/detectors.ts";
export { readEventFile, writeEventFile } from "./datasets/eventFile.ts";
export { limitNoise, reducePileup } from "./datasets/filters.ts";
export type { Source } from "./datasets/gzip.ts";
export type { Pieces } from "./datasets/pieces.ts";
export {
  type RedvidEvent,
  type RedvidKind,
  readRedvid,
  redvidHits,
  redvidParameters,
  redvidPositions,
} from "./datasets/redvid.ts";
export { redvidPieces, writeRedvid } from "./datasets/redvidWriter.ts";
export { azimuthSectors, type SectorOptions } from "./datasets/sectors.ts";
export { randomSplit } from "./datasets/split.ts";
export { groupByParticle, type SubEventOptions, subEvents } from "./datasets/subEvents.ts";
export { readSubmission, writeSubmission } from "./datasets/submission.ts";
export { type OpenFile, readTrackml, readTruth, type TruthRows } from "./datasets/trackml.ts";
export {
  type TrackmlFiles,
  type TrackmlTable,
  trackmlTables,
  writeDetectors,
  writeTrackml,
} from "./datasets/trackmlWriter.ts";
export * from "./display/index.ts";
export {
  type Cells,
  Event,
  type EventFields,
  type Hits,
  selectHits,
  selectParticles,
  type Truth,
} from "./event.ts";
export type { ColumnValues, EventColumns } from "./eventColumns.ts";
export { cellFeatureNames, cellFeatures, moduleRows } from "./features/cellFeatures.ts";
export { type DecomposeOptions, decompose, decompositionQuality } from "./features/decompose.ts";
export {
  type FeatureStore,
  type FeatureStoreOptions,
  featureStore,
} from "./features/featureStore.ts";
export * from "./features/mapping.ts";
export { mirrorEvent, rotateEvent } from "./features/rotate.ts";
export * from "./features/segment.ts";
export {
  consecutiveEdges,
  cutEdges,
  type DoubletCuts,
  doublets,
  type EdgeIndex,
  edgeWeights,
  filterEdges,
  type HitsOfParticles,
  type LabelledGraph,
  type LabelOptions,
  type LayeredHits,
  type LayerPair,
  type LearnOptions,
  type Limits,
  labelledGraph,
  layerwiseEdges,
  learnModulePairs,
  learnModuleTriplets,
  type ModuleHits,
  type ModuleMapOptions,
  type ModulePair,
  type ModuleTriplet,
  type ModuleTruth,
  modulePairEdges,
  moduleTripletEdges,
  modulewiseEdges,
  type NearestGraph,
  type NearestGraphOptions,
  type NodeTruth,
  nearestGraph,
  outwardEdges,
  pixelCuts,
  pixelHits,
  pixelLabels,
  pixelLayers,
  pixelPairs,
  vertexDistances,
  type Walkthrough,
  type WalkthroughOptions,
  walkthrough,
} from "./graphs/index.ts";
export * from "./metrics/index.ts";
export {
  hitEta,
  hitNumHits,
  hitPhi,
  hitPt,
  hitReconstructable,
  hitVertexRadius,
  particleRowOfHit,
  type ReconstructableOptions,
} from "./particleOfHit.ts";
export {
  indexParticles,
  type ParticleIndex,
  type Particles,
  particleEta,
  particlePt,
} from "./particles.ts";
export * from "./plots/index.ts";
export { philoxStream, type Rng, splitMix } from "./random.ts";
export {
  type HitBatch,
  type HitSequence,
  hitSequence,
  momenta,
  momentumWindow,
  type PackedHits,
  packSequences,
  padSequences,
  padValue,
  type Standardisation,
  sequenceRows,
  standardisationOf,
  trackmlStandardisation,
  trackParameters,
} from "./sequence.ts";
export * from "./simulate/index.ts";
export {
  numTracks,
  type Submission,
  submissionFromTracks,
  type Tracks,
  tracksFromSubmission,
} from "./tracks.ts";
