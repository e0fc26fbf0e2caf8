/**
 * The passes of the sort by digits for GPUs: a workgroup of 256 owns a block. Counts are whole numbers, so
 * atomics in workgroup memory leave the same ones in any order.
 */
import type { KernelVariant } from "../src/engine/kernel.ts";

const numLanes = 256; // one per digit, too
const wordsPerDigit = numLanes / 32;

const common = {
  name: "workgroup",
  suits: () => true,
  workgroupSize: numLanes,
  workgroups: ({ G }) => G,
} satisfies Partial<KernelVariant>;

const ownBlock = /* wgsl */ `
  let length = (dims.E + dims.G - 1u) / dims.G;
  let end = min((tile + 1u) * length, dims.E);
  let shift = u32(dims.shift);`;

export const countDigitsByWorkgroup: KernelVariant = {
  ...common,
  sharedBytes: 4 * numLanes,
  shared: () => `var<workgroup> counts: array<atomic<u32>, ${numLanes}>;`,
  wgsl: () => /* wgsl */ `${ownBlock}
  for (var e = tile * length + lane; e < end; e += ${numLanes}u) {
    atomicAdd(&counts[(keys[e] >> shift) & 255u], 1u);
  }
  workgroupBarrier(); // all are counted
  store(lane * dims.G + tile, atomicLoad(&counts[lane]));
`,
};

/**
 * Lanes leave a bit each with the digit that they have. How many bits before its own are set says where an
 * element comes among its likes: a stable order, however lanes take turns.
 */
export const placeByDigitByWorkgroup: KernelVariant = {
  ...common,
  sharedBytes: 4 * numLanes * (wordsPerDigit + 1),
  shared: () => /* wgsl */ `
var<workgroup> owners: array<array<atomic<u32>, ${wordsPerDigit}>, ${numLanes}>; // [digit], bits of lanes
var<workgroup> next: array<u32, ${numLanes}>;`,
  wgsl: () => /* wgsl */ `${ownBlock}
  next[lane] = starts[lane * dims.G + tile];
  let ownWord = lane / 32u;
  let ownBit = 1u << (lane % 32u);
  for (var base = tile * length; base < end; base += ${numLanes}u) {
    let e = base + lane;
    let isIn = e < end;
    var key = 0u;
    if (isIn) { key = keys[e]; }
    let digit = (key >> shift) & 255u;
    if (isIn) { atomicOr(&owners[digit][ownWord], ownBit); }
    workgroupBarrier(); // every lane has left its bit
    var before = 0u;
    var all = 0u;
    if (isIn) {
      for (var word = 0u; word < ${wordsPerDigit}u; word++) {
        let bits = atomicLoad(&owners[digit][word]);
        let lower = select(select(0u, ownBit - 1u, word == ownWord), 0xffffffffu, word < ownWord);
        before += countOneBits(bits & lower);
        all += countOneBits(bits);
      }
      let place = next[digit] + before;
      store(place, rows[e]);
      storeMoved(place, key);
    }
    workgroupBarrier(); // bits and starts have been read
    if (isIn && before == 0u) { // one lane for each digit
      next[digit] += all;
      for (var word = 0u; word < ${wordsPerDigit}u; word++) { atomicStore(&owners[digit][word], 0u); }
    }
    workgroupBarrier(); // no bit is left
  }
`,
};
