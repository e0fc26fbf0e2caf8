/**
 * Variants for GPUs of kernels that own rows: a workgroup of 64 has a row, and neighbouring lanes read
 * neighbouring elements. What lanes have of a sum or a maximum is combined by one of two spellings of
 * `sumOfRow(own, lane)` and `maxOfRow(own, lane)`, which all lanes call and which give all the same:
 *
 *   subgroups   within each subgroup by its own operations, then over what each has left in workgroup
 *               memory; for any assignment of lanes to whole subgroups of up to 64
 *   workgroup   by a tree in workgroup memory
 *
 * Both combine in the same order every time.
 */
import type { Dims, KernelVariant } from "../src/engine/kernel.ts";

const numLanes = 64;

interface Reduction {
  name: string;
  combine: (a: string, b: string) => string;
  ofSubgroup: string;
  /** What lanes leave in memory that do not speak for their subgroup. */
  else: string;
}

const reductions: readonly Reduction[] = [
  {
    name: "sumOfRow",
    combine: (a, b) => `${a} + ${b}`,
    ofSubgroup: "subgroupAdd",
    else: "0.0",
  },
  {
    name: "maxOfRow",
    combine: (a, b) => `max(${a}, ${b})`,
    ofSubgroup: "subgroupMax",
    else: "ofSubgroup",
  },
];

const byTree = ({ name, combine }: Reduction) => /* wgsl */ `
fn ${name}(own: f32, lane: u32) -> f32 {
  workgroupBarrier(); // the values before have been read
  rowValues[lane] = own;
  for (var half = ${numLanes / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier(); // the values so far are written
    if (lane < half) { rowValues[lane] = ${combine("rowValues[lane]", "rowValues[lane + half]")}; }
  }
  workgroupBarrier(); // the first is that of all
  return rowValues[0];
}`;

const bySubgroups = ({ name, combine, ofSubgroup, ...reduction }: Reduction) => /* wgsl */ `
fn ${name}(own: f32, lane: u32) -> f32 {
  let ofSubgroup = ${ofSubgroup}(own);
  workgroupBarrier(); // the values before have been read
  rowValues[lane] = select(${reduction.else}, ofSubgroup, subgroupElect());
  workgroupBarrier(); // the values are written
  var all = rowValues[subgroupLane];
  for (var at = subgroupLane + subgroupSize; at < ${numLanes}u; at += subgroupSize) {
    all = ${combine("all", "rowValues[at]")};
  }
  return ${ofSubgroup}(all);
}`;

/** The variants of a kernel of rows [R, F]; `wgsl` is the work of lane `lane` for row `tile`. */
export function rowVariants(wgsl: string): KernelVariant[] {
  const common = {
    suits: ({ F }: Dims) => F >= numLanes,
    workgroupSize: numLanes,
    workgroups: ({ R }: Dims) => R,
    sharedBytes: 4 * numLanes,
    wgsl: () => wgsl,
  };
  const shared = (spell: (reduction: Reduction) => string) => () =>
    `var<workgroup> rowValues: array<f32, ${numLanes}>;${reductions
      .filter(({ name }) => wgsl.includes(name))
      .map(spell)
      .join("")}`;
  return [
    { ...common, name: "subgroups", needs: "subgroups", shared: shared(bySubgroups) },
    { ...common, name: "workgroup", shared: shared(byTree) },
  ];
}

/** A loop over the elements of the row that are a lane's, at x[start + f]. */
export const eachOfLane = (statement: string): string =>
  `  for (var f = lane; f < dims.F; f += ${numLanes}u) { ${statement} }`;
