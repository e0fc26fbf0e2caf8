import { expect, onTestFinished, test, vi } from "vitest";
import { kernels } from "../../kernels/index.ts";
import type { DeviceBuffer } from "../../src/engine/expr.ts";
import * as fuse from "../../src/engine/fuse.ts";
import { useKernels } from "../../src/engine/kernel.ts";
import { DeviceMemory } from "../../src/engine/runtime/memory.ts";
import { matmul, softmax, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

vi.mock("../../src/engine/fuse.ts", { spy: true });

const device = useDevice("js");

test("TG_VERIFY=1 refuses a kernel that is wrong, however often it is asked", async () => {
  const wrong = {
    ...kernels.softmax,
    reference: (_: unknown, y: { fill(value: number): unknown }) => void y.fill(0.25),
  };
  useKernels([wrong]);
  onTestFinished(() => useKernels([kernels.softmax]));
  const rows = () => softmax(tensor([1, 2, 3, 4, 5, 9], [3, 2]));
  await device().explain([rows().expr]); // planning alone verifies nothing
  for (const _ of [1, 2])
    await expect(rows().data()).rejects.toThrow(
      /^js\(verify\): expected launch 1 of 1 \(softmax\) to store 0\.01798.* … 0\.01798.* in #1 softmax f32 \[3, 2\] at \[2, 0\], got 0\.25\n {2}it computes softmax\n {2}from #0 input f32 \[3, 2\]$/,
    );
});

test("TG_VERIFY=1 catches a rule that fuses too much", async () => {
  const { groupNodes } = await vi.importActual<typeof fuse>("../../src/engine/fuse.ts");
  vi.mocked(fuse.groupNodes).mockImplementationOnce((...args) => {
    const [product, reader] = groupNodes(...args);
    return [{ ...reader!, kernel: product!.roots[0]! }]; // as if it read the results in place
  });
  const y = matmul(tensor([1, 2, 3, 4], [2, 2]), tensor([1, 0, 0, 1], [2, 2])).transpose();
  await expect(y.add(1).data()).rejects.toThrow(
    /expected launch 1 of 1 \(matmul\+add\) to store 2\.99999.* … 3\.00000.* in #8 add f32 \[2, 2\] at \[1, 0\], got 4\n {2}it computes matmul reshape permute const add\n/,
  );
});

test("TG_VERIFY=1 catches memory that is used again too early", async () => {
  const x = tensor([1, 2, 3, 4], [2, 2]);
  const first = matmul(x, x);
  const y = matmul(matmul(first, x), x).transpose().add(first); // four results
  const takeFor = DeviceMemory.prototype.takeFor;
  const taken: DeviceBuffer[] = [];
  const early = vi.spyOn(DeviceMemory.prototype, "takeFor").mockImplementation(function (
    this: DeviceMemory,
    ...args
  ) {
    const isThirdAgain = taken.length === 6; // four values, two runs
    taken.push(isThirdAgain ? taken[4]! : takeFor.apply(this, args));
    return taken[taken.length - 1]!;
  });
  onTestFinished(() => early.mockRestore());
  await expect(y.data()).rejects.toThrow(/as without reuse of memory/);
});
