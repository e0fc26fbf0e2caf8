/**
 * Long axes cut into blocks of consecutive elements, one invocation each: what scans and sorts are made
 * of. How many blocks there are is a size like any other, so one plan serves all lengths.
 */
import { range } from "../create.ts";
import { record, type Tensor } from "../tensor.ts";

/** Enough blocks to keep a device busy, each long enough to be worth what is stored per block. */
export const numBlocks = (length: number): number =>
  Math.min(1024, Math.max(1, Math.ceil(length / 256)));

/** Elements of each block but the last ones. */
export const blockLength = (length: number, blocks: number): number =>
  Math.max(1, Math.ceil(length / blocks));

/** The block of each of `length` elements, u32 [length]. */
export const blockOfEach = (length: number, blocks: number): Tensor =>
  range(length, "u32").div(blockLength(length, blocks));

/** Sums over the rows of each block from primitives: [N, …] → [blocks, …]. */
export function sumBlocks(x: Tensor, blocks: number): Tensor {
  const [length, ...rest] = x.shape;
  const offsets = range(blocks + 1, "u32")
    .mul(blockLength(length, blocks))
    .minimum(length);
  const inputs = [x, offsets, range(length, "u32"), blockOfEach(length, blocks)];
  return record("segmentSum", inputs, [blocks, ...rest], x.dtype);
}
