/** Running sums for GPUs: 64 lanes own a block of a row, and add up what lies before each lane by a tree. */
import type { Attrs } from "../src/engine/expr.ts";
import type { Dims, KernelVariant } from "../src/engine/kernel.ts";
import { elementAt, ownBlock } from "./scanBlock.ts";

const numLanes = 64;
const perLane = 4; // consecutive elements

/** Of the values of all lanes, `laneSums[lane]` becomes the sum up to that of `lane`. */
const shared = ({ dtype = "f32" }: Attrs) => /* wgsl */ `
var<workgroup> laneSums: array<${dtype}, ${numLanes}>;
fn addUpLanes(own: ${dtype}, lane: u32) {
  var sum = own;
  for (var apart = 1u; apart < ${numLanes}u; apart *= 2u) {
    workgroupBarrier(); // the sums before have been read
    laneSums[lane] = sum;
    workgroupBarrier(); // the sums so far are written
    if (lane >= apart) { sum = laneSums[lane - apart] + sum; }
  }
  workgroupBarrier(); // the sums so far have been read
  laneSums[lane] = sum;
  workgroupBarrier(); // the sums are written
}`;

const common = {
  name: "workgroup",
  // with several numbers per element, neighboring invocations read neighboring numbers as it is
  suits: ({ N, I }: Dims) => I === 1 && N >= numLanes * perLane,
  workgroupSize: numLanes,
  workgroups: ({ O, G, I }: Dims) => O * G * I,
  sharedBytes: 4 * numLanes,
  shared,
} satisfies Partial<KernelVariant>;

const last = `laneSums[${numLanes - 1}]`;

export const blockSumsByWorkgroup: KernelVariant = {
  ...common,
  wgsl: ({ dtype = "f32", reverse }) => /* wgsl */ `
  let i = tile;${ownBlock}
  var total: ${dtype} = 0;
  for (var p = block * length + lane; p < end; p += ${numLanes}u) { total += x[${elementAt(reverse)}]; }
  addUpLanes(total, lane);
  if (lane == 0u) { store(i, ${last}); }
`,
};

export const scanBlocksByWorkgroup: KernelVariant = {
  ...common,
  wgsl: ({ dtype = "f32", exclusive, reverse }) => /* wgsl */ `
  let i = tile;${ownBlock}
  var before: ${dtype} = 0; // all that lies before the lanes' elements
  for (var g = lane; g < block; g += ${numLanes}u) { before += sums[(outer * dims.G + g) * dims.I + inner]; }
  addUpLanes(before, lane);
  before = ${last};
  for (var base = block * length; base < end; base += ${numLanes * perLane}u) {
    let first = base + ${perLane}u * lane;
    var own: ${dtype} = 0;
    for (var p = first; p < min(first + ${perLane}u, end); p++) { own += x[${elementAt(reverse)}]; }
    addUpLanes(own, lane);
    var total = before;
    if (lane > 0u) { total += laneSums[lane - 1u]; }
    for (var p = first; p < min(first + ${perLane}u, end); p++) {
      let n = ${elementAt(reverse)};
      ${exclusive ? "store(n, total); total += x[n];" : "total += x[n]; store(n, total);"}
    }
    before += ${last};
  }
`,
};
