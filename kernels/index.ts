/** The catalogue of kernels: a line here puts one to work and under test. */
import type { KernelSpec } from "../src/engine/kernel.ts";
import { attention, crossAttention } from "./attention.ts";
import { attentionBiasGradient } from "./attentionBiasGradient.ts";
import { attentionGradient, crossAttentionGradient } from "./attentionGradient.ts";
import { layerNorm } from "./layerNorm.ts";
import { linearGradient } from "./linearGradient.ts";
import { matmul } from "./matmul.ts";
import { nearestRows } from "./neighbors.ts";
import { perceptronRows } from "./perceptronRows.ts";
import { perceptronRowsGradient } from "./perceptronRowsGradient.ts";
import { perceptronSums } from "./perceptronSums.ts";
import { blockSums, scanBlocks } from "./scan.ts";
import { searchSorted } from "./searchSorted.ts";
import { segmentAttention, segmentAttentionGradient } from "./segmentAttention.ts";
import { softmax } from "./softmax.ts";
import { countDigits, placeByDigit } from "./sort.ts";
import { leastOfRows } from "./topk.ts";

export const kernels = {
  attention,
  attentionBiasGradient,
  attentionGradient,
  crossAttention,
  crossAttentionGradient,
  blockSums,
  countDigits,
  layerNorm,
  leastOfRows,
  linearGradient,
  matmul,
  nearestRows,
  perceptronRows,
  perceptronRowsGradient,
  perceptronSums,
  placeByDigit,
  scanBlocks,
  searchSorted,
  segmentAttention,
  segmentAttentionGradient,
  softmax,
} satisfies Record<string, KernelSpec>;
