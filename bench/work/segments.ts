/** What do gathering rows and adding them up by segment cost? The segments are sorted once, before. */
import { gather, segmentSum, segmentsOf } from "../../src/index.ts";
import { filled, rowNumbers, runsOf, type Workload } from "../workload.ts";

const [numEdges, numNodes, width] = [20_000, 2000, 64];
const note = "segments sorted once, outside the time";

export const segments: readonly Workload[] = [
  {
    name: "segment sum 20k×64 → 2k",
    peer: "segsum",
    bytes: 4 * width * (numEdges + numNodes),
    note,
    async prepare() {
      const x = filled([numEdges, width], 14);
      const target = segmentsOf(rowNumbers(numEdges, numNodes, 15), numNodes);
      return runsOf([x, target.offsets, target.order], () => segmentSum(x, target));
    },
  },
  {
    name: "gather 2k×64 → 20k",
    peer: "gather",
    bytes: 2 * 4 * width * numEdges,
    async prepare() {
      const x = filled([numNodes, width], 16);
      const row = rowNumbers(numEdges, numNodes, 15);
      return runsOf([x, row], () => gather(x, row));
    },
  },
];
