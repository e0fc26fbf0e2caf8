/** Faults on a device are typed errors that name the place, and leave the device usable. */
import { expect, test } from "vitest";
import { defineComposite } from "../../src/engine/composite.ts";
import { useKernels } from "../../src/engine/kernel.ts";
import { DeviceError, defineKernel, full, ones, Tensor, tensor } from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { useDevice } from "../helpers/backends.ts";

const device = useDevice("webgpu");
const errorOf = (task: Promise<unknown>): Promise<Error> =>
  task.then(
    () => expect.fail("expected an error, got none"),
    (error) => error,
  );

test("a kernel that does not compile is named, with its source and the compiler's words", async () => {
  useKernels([
    defineKernel({
      name: "testBroken",
      inputs: { x: "f32 [R]" },
      output: "f32 [R]",
      threads: ({ R }) => R!,
      reference: ([x], y) => y.set(x!),
      wgsl: "y[i] = x[i] + noSuchName;",
    }),
  ]);
  const broken = defineComposite({
    name: "testBroken",
    shape: ([x]) => x!.shape,
    compose: ([x]) => x!,
  });
  const { pipelines, plans, bytesLive } = device().stats();
  const run = () => new Tensor(broken([tensor([1, 2]).expr])).add(1).data();
  for (const error of [await errorOf(run()), await errorOf(run())]) {
    expect(error).toBeInstanceOf(DeviceError);
    expect(error.message).toMatch(/^webgpu\(testBroken\): expected a shader that compiles, got /);
    expect(error.message).toContain("unresolved value 'noSuchName'");
    expect(error.message).toContain("y[i] = x[i] + noSuchName;");
    expect(error.message).toContain("var<storage, read_write> y: array<f32>;");
  }
  expect(device().stats()).toMatchObject({ plans, bytesLive });
  expect(device().stats().pipelines).toBeLessThanOrEqual(pipelines + 1); // `add` may have compiled
  expect([...(await tensor([1, 2]).add(1).data())]).toEqual([2, 3]);
});

test("a result beyond the limits is refused with both sizes, and leaves no memory behind", async () => {
  const { bufferBytes } = device().backend.limits;
  const { bytesLive } = device().stats();
  const rows = Math.floor(bufferBytes / 4096) + 1;
  const error = await errorOf(
    full([rows, 1], 1)
      .add(ones([1, 1024]))
      .data(),
  );
  expect(error).toBeInstanceOf(DeviceError);
  expect(error.message).toBe(
    `webgpu(add): expected a buffer of at most ${bufferBytes} B, got ${rows * 4096} B (f32 [${rows}, 1024])`,
  );
  expect(device().stats().bytesLive).toBe(bytesLive);
  expect(await full([rows, 1], 1).sum().item()).toBe(rows);
});

test("use after close is an error, also of a tensor computed before", async () => {
  const other = await openDevice({ backend: "webgpu" });
  const x = tensor([1, 2, 3], [3], { device: other }).mul(2);
  expect([...(await x.data())]).toEqual([2, 4, 6]);
  await other.close();
  await other.close();
  for (const late of [x.data(), x.add(1).data()])
    expect(await errorOf(late)).toEqual(
      new DeviceError("webgpu: expected an open device, got a closed one"),
    );
  x.dispose();
  expect(`${other}`).toMatch(/^Device webgpu \(.+\)$/);
});

test("a disposed tensor, and one of another device, are refused by name", async () => {
  const other = await openDevice({ backend: "js" });
  const there = tensor([1, 2], [2], { device: other }).mul(2);
  await there.data();
  const moved = new Tensor(there.expr, device()).add(1);
  const message = (got: string) =>
    `webgpu: expected a tensor of this device or of the host, got ${got} (f32 [2])`;
  expect(await errorOf(moved.data())).toEqual(new DeviceError(message("one of another device")));
  const gone = tensor([1, 2], [2], { device: device() }).mul(2);
  await gone.data();
  gone.dispose();
  expect(await errorOf(gone.data())).toEqual(new DeviceError(message("a disposed one")));
  await other.close();
});
