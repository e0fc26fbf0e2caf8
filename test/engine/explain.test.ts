/** What a plan says of itself: costs, boundaries and what was compiled. */
import { expect, test } from "vitest";
import {
  argsort,
  type Explanation,
  explain,
  gather,
  gradients,
  indices,
  Linear,
  matmul,
  pack,
  parameters,
  pieces,
  Rng,
  realize,
  segmentSum,
  segmentsOf,
  softmax,
  type Tensor,
  withPlan,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");
const rng = new Rng(1);

async function given(...shapes: number[][]): Promise<Tensor[]> {
  const tensors = shapes.map((shape) => rng.normal(shape));
  await realize(tensors);
  return tensors;
}

const reasons = ({ boundaries, launches }: Explanation) =>
  boundaries.map(
    ({ from, to, reason }) => `${launches[from]!.label} → ${launches[to]!.label}: ${reason}`,
  );

test("bytes and operations of one launch", async () => {
  const [x, y] = await given([30, 7], [7]);
  const { launches } = await explain([x!.mul(y!).add(1).exp()]);
  expect(launches).toHaveLength(1);
  expect(launches[0]).toMatchObject({
    bytesRead: 4 * (210 + 7),
    bytesWritten: 4 * 210,
    bytes: 4 * 427,
    flops: 210 * (1 + 1 + 8), // exp counts as 8
    flopsAgain: 0,
  });
});

test("a kernel counts what its op is composed of, and what finishes it", async () => {
  const [a, b] = await given([5, 6], [6, 3]);
  const { launches } = await explain([matmul(a!, b!).relu()]);
  expect(launches.map(({ flops }) => flops)).toEqual([2 * 5 * 6 * 3 + 15]);
  const [keys] = await given([1000]);
  const sorted = await explain([argsort(keys!)]);
  const flops = sorted.launches.reduce((sum, launch) => sum + launch.flops, 0);
  expect(flops).toBeLessThan(1000 * 100); // not 1000² comparisons, of which it is composed
});

test("sums over segments count their rows, however these are spread", async () => {
  const [x] = await given([12, 3]);
  const segments = segmentsOf(indices([0, 0, 0, 0, 0, 0, 0, 4, 4, 5, 5, 5]), 7);
  const { launches } = await explain([segmentSum(x!.square(), segments)]);
  expect(launches.at(-1)).toMatchObject({ label: "segmentSum", flops: 2 * 36, flopsAgain: 0 });
});

test("a value that is computed for two readers, or at more places than it has, costs again", async () => {
  const [x] = await given([4, 3]);
  const rows = indices([2, 0, 2, 3, 1, 1]);
  await realize([rows]);
  const y = gather(x!.exp().named("e"), rows).mul(2);
  const stored = await explain([y]);
  expect(stored.launches.map(({ flopsAgain }) => flopsAgain)).toEqual([0, 0]);
  const forced = await withPlan({ force: ["e"] }, () => explain([y]));
  expect(forced.launches.map(({ flops, flopsAgain }) => [flops, flopsAgain])).toEqual([
    [18 * 8 + 18, (18 - 12) * 8],
  ]);
  const e = x!.exp().named("e");
  const both = [e.sum({ axes: 0 }), e.sum({ axes: 1 })];
  const twice = await withPlan({ force: ["e"] }, () => explain(both));
  expect(twice.launches.map(({ flopsAgain }) => flopsAgain)).toEqual([0, 12 * 8]);
  expect(twice.text).toMatch(/^2 launches; 216 FLOP, 96 FLOP of them again; /);
});

test("every boundary says why it stands", async () => {
  const [x, seed] = await given([5, 7], [5, 7]);
  const y = softmax(x!);
  expect(reasons(await explain([y, ...gradients(y, [x!], seed)]))).toEqual([
    "softmax → mul: stored anyway: output",
  ]);
  const rows = indices([2, 0, 2, 3, 1, 1]);
  await realize([rows]);
  const gathered = gather(x!.exp(), rows).sum();
  expect(reasons(await explain([gathered]))).toEqual(["exp → sum: sum reads it at other places"]);
  const off = await withPlan({ fuse: "off" }, () => explain([x!.exp().add(1)]));
  expect(reasons(off)).toEqual(["exp → add: fusion is off"]);
  const forbidden = await withPlan({ forbid: ["exp"] }, () => explain([x!.exp().add(1)]));
  expect(reasons(forbidden)).toEqual(["exp → add: forbidden"]);
});

test("boundaries through packs join what wrote a place to what reads it", async () => {
  const [a, b] = await given([70], [10]);
  const [first, second] = pieces(pack([a!.sum({ keepAxes: true }).mul(a!), b!.exp()]), [
    [70],
    [10],
  ]);
  const { boundaries, launches } = await explain([first!.sum(), second!.sum({ axes: 0 }).mul(3)]);
  for (const { from, to, reason } of boundaries) {
    expect(from).toBeLessThan(to);
    expect(reason).not.toBe("");
  }
  const ends = boundaries.map(
    ({ from, to }) => `${launches[from]!.members} → ${launches[to]!.members}`,
  );
  expect(ends).not.toContain("exp → sum"); // of the other piece
});

test("pipelines have a key, equal for launches that share them, and the time to compile", async () => {
  const layers = [new Linear(4, 4, rng), new Linear(4, 4, rng), new Linear(4, 2, rng)];
  const [x] = await given([3, 4]);
  await realize(layers.flatMap((layer) => [...parameters(layer).values()]));
  let y = x!;
  for (const layer of layers) y = layer.forward(y).relu();
  const explained = await explain([y.exp().sum()]);
  const keys = explained.launches.map(({ pipelines }) => pipelines[0]!.key);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{8}$/);
  expect(keys[0]).toBe(keys[1]);
  expect(keys[0]).not.toBe(keys[2]);
  for (const { pipelines } of explained.launches)
    expect(pipelines[0]!.compileMs).toBeGreaterThan(0);
  expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
});
