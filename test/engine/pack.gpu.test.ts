/** Tensors that share a buffer: what is written in place, what is copied, and who frees it. */
import { describe, expect, test } from "vitest";
import {
  explain,
  matmul,
  pack,
  pieces,
  realize,
  type Shape,
  type Tensor,
  tensor,
} from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { useDevice } from "../helpers/backends.ts";

const a = () => tensor([1, 2, 3, 4, 5, 6], [2, 3]);
const b = () => tensor([1, 0, 2, 1, 0, 3], [3, 2]);

/** Labels of the launches, and why each copy is made. */
async function launchesOf(...outputs: Tensor[]): Promise<string[]> {
  const { launches } = await explain(outputs);
  return launches.map(({ label, reason }) => (label === "copy" ? `copy: ${reason}` : label));
}

describe.each(["js", "wasm", "webgpu"] as const)("on %s", (backend) => {
  useDevice(backend);

  test("packed results are computed in their place, with zeros between them", async () => {
    const flat = pack([matmul(a(), b()), a().sum({ axes: 0 }), b().mul(2)]);
    expect(await launchesOf(flat)).toEqual(["matmul", "sum", "mul"]);
    const expected = new Array(192).fill(0);
    expected.splice(0, 4, 5, 11, 14, 23);
    expected.splice(64, 3, 5, 7, 9);
    expected.splice(128, 6, 2, 0, 4, 2, 0, 6);
    expect([...(await flat.data())]).toEqual(expected);
    // the same memory again, now with a result to be placed elsewhere in it
    const other = pack([b().sum(), b().exp(), a()]);
    expect((await other.data()).filter((x) => x !== 0).length).toBe(1 + 6 + 6);
    const again = pack([matmul(b(), a()), a().sum({ axes: 1 })]);
    expect((await again.data()).slice(9, 64)).toEqual(new Float32Array(55));
  });

  test("what cannot be computed in its place is copied there", async () => {
    const leaf = a();
    const sum = leaf.sum({ axes: 1 }).mul(1); // read where its exponential is written
    const [part] = pieces(pack([b().add(1), b()]).mul(2), [
      [3, 2],
      [3, 2],
    ]);
    const flat = pack([leaf, sum, sum.exp().sum(), part, leaf.neg(), leaf.neg(), part.neg()]);
    const data = await flat.data();
    const read = (start: number, count: number) => [...data.slice(start, start + count)];
    expect(read(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(read(64, 2)).toEqual([6, 15]);
    expect(read(128, 1)[0]! / (Math.exp(6) + Math.exp(15))).toBeCloseTo(1, 5);
    expect(read(192, 6)).toEqual([4, 2, 6, 4, 2, 8]);
    expect(read(256, 6)).toEqual([-1, -2, -3, -4, -5, -6]);
    expect(read(384, 6)).toEqual([-4, -2, -6, -4, -2, -8]);

    const x = leaf.add(1);
    const turned = x.transpose();
    const hazard = pack([x, turned.exp(), leaf, turned.neg()]);
    expect(await launchesOf(hazard)).toEqual([
      "add",
      "neg",
      "copy: packed, and read where another operand is written",
      "copy: packed, computed before",
    ]);
    const twice = leaf.sum({ axes: 1 }).mul(2);
    expect(await launchesOf(pack([twice, twice]))).toEqual([
      "mul",
      "copy: packed twice",
      "copy: packed twice",
    ]);
    expect([...(await pack([twice, twice]).data())].filter((y) => y !== 0)).toEqual([
      12, 30, 12, 30,
    ]);
  });

  test("kernels and generated code read pieces where they lie", async () => {
    const shapes: Shape[] = [[3, 2], [2, 3], [3], []];
    const flat = pack([b(), a(), tensor([1, 2, 3]), tensor([7], [])]);
    await realize([flat]);
    const [p, q, r, s] = pieces(flat, shapes) as [Tensor, Tensor, Tensor, Tensor];
    const y = matmul(q, p).add(s);
    const z = q.transpose().add(r.reshape([3, 1]));
    expect(await launchesOf(y, z)).toEqual(["add", "matmul+add"]);
    await realize([y, z]);
    expect([...(await y.data())]).toEqual([12, 18, 21, 30]);
    expect([...(await z.data())]).toEqual([2, 5, 4, 7, 6, 9]);
    expect([...(await q.data())]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(pack(pieces(flat, shapes)).expr).toBe(flat.expr);
    // pieces of what the same launches compute
    const doubled = flat.mul(2);
    const [, half] = pieces(doubled, shapes) as [Tensor, Tensor];
    const both = pack([half.add(1), doubled]);
    const data = await both.data();
    expect([...data.slice(0, 6)]).toEqual([3, 5, 7, 9, 11, 13]);
    expect([...data.slice(64 + 64, 64 + 70)]).toEqual([2, 4, 6, 8, 10, 12]);
  });

  test("memory that is shared lives as long as its last user", async () => {
    const own = await openDevice({ backend }); // where nothing of other tests may be collected meanwhile
    const [x, y] = [a(), b()]; // held, else their memory may come back at any time
    const flat = pack([x.mul(1), y.mul(1)]);
    const row = flat.reshape([1, -1]);
    const [first] = pieces(flat, [
      [2, 3],
      [3, 2],
    ]) as [Tensor];
    const flatPiece = first.reshape([6]);
    await realize([flat, row, flatPiece]);
    const live = own.stats().bytesLive;
    flat.dispose();
    expect(own.stats().bytesLive).toBe(live);
    expect((await row.data()).slice(0, 3)).toEqual(Float32Array.of(1, 2, 3));
    await expect(first.data()).rejects.toThrow(/got a disposed one/);
    row.dispose();
    expect([...(await flatPiece.data())]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(own.stats().bytesLive).toBe(live);
    flatPiece.dispose();
    expect(own.stats().bytesLive).toBeLessThan(live);
    for (const input of [x, y]) input.dispose();
    expect(own.stats().bytesLive).toBe(0);
    await own.close();
  });
});
