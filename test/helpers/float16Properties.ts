/** What every backend that stores f16 has to do alike. */
import { describe, expect, test } from "vitest";
import { float16Value, roundFloat16 } from "../../src/engine/float16.ts";
import {
  concat,
  DTypeError,
  gather,
  gradients,
  indices,
  realize,
  tensor,
} from "../../src/index.ts";
import { useDevice } from "./backends.ts";
import type { TestedBackend } from "./samples.ts";

export function describeFloat16(backend: TestedBackend): void {
  describe(`f16 on ${backend}`, () => {
    const device = useDevice(backend);
    const all = Float32Array.from({ length: 2 ** 16 }, (_, bits) => float16Value(bits));

    test("every value is uploaded, stored, computed with and read as it is", async () => {
      const x = tensor(all, [all.length], { dtype: "f16" });
      const there = x.reshape([256, 256]).transpose();
      await realize([there]);
      expect(there.dtype).toBe("f16");
      const back = await there.transpose().reshape([all.length]).cast("f32").data();
      expect(back.every((value, i) => Object.is(value, all[i]))).toBe(true);
    });

    test("a cast rounds to the nearest, whether its result is stored or not", async () => {
      const values = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) ** 3 * 1.7e-5);
      const small = Float32Array.from(values, (x) => x * 1e-10);
      const given = tensor(Float32Array.of(...values, ...small));
      const expected = Array.from([...values, ...small], roundFloat16);
      const stored = given.cast("f16");
      await realize([stored]);
      for (const x of [stored, given.mul(1).cast("f16").cast("f32")])
        expect(Array.from(await x.data())).toEqual(expected);
    });

    test("two bytes per element, an odd number of them too", async () => {
      const before = device().stats().bytesLive;
      const x = tensor(new Float32Array(4095), [4095], { dtype: "f16" })
        .reshape([65, 63])
        .transpose();
      await realize([x]);
      expect(device().stats().bytesLive - before).toBeLessThanOrEqual(2 * 8192);
      x.dispose();
    });

    test("moved as any other, computed with only after a cast", async () => {
      const x = tensor([1, 2, 3, 4], [2, 2], { dtype: "f16" });
      const y = concat(
        [
          gather(x, indices([1, 0])),
          x.pad(
            [
              [0, 0],
              [1, 0],
            ],
            0.1,
          ),
        ],
        1,
      );
      const rows = [3, 4, 0.1, 1, 2, 1, 2, 0.1, 3, 4].map(roundFloat16);
      expect(Array.from(await y.data())).toEqual(rows);
      expect(() => x.add(1)).toThrow(DTypeError);
      expect(() => x.sum()).toThrow(DTypeError);
      expect(Array.from(await x.cast("f32").add(0.5).data())).toEqual([1.5, 2.5, 3.5, 4.5]);
      expect(Array.from(await x.cast("i32").data())).toEqual([1, 2, 3, 4]);
      expect(
        Array.from(await tensor([0, 7], [2], { dtype: "u32" }).cast("f16").cast("bool").data()),
      ).toEqual([0, 1]);
    });

    test("gradients pass casts and movements, in f32", async () => {
      const x = tensor([1, 2, 3, 4], [2, 2]);
      const loss = gather(x.cast("f16"), indices([1, 1, 0]))
        .cast("f32")
        .square()
        .sum();
      const [dx] = gradients(loss, [x]);
      expect(dx!.dtype).toBe("f32");
      expect(Array.from(await dx!.data())).toEqual([2, 4, 12, 16]);
    });
  });
}
