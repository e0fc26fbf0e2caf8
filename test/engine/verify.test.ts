import { expect, onTestFinished, test } from "vitest";
import { kernels } from "../../kernels/index.ts";
import { useKernels } from "../../src/engine/kernel.ts";
import { softmax, tensor } from "../../src/index.ts";
import { useDevice, withEnv } from "../helpers/backends.ts";

const device = useDevice("js");
const rows = () => softmax(tensor([1, 2, 3, 4], [2, 2]));

test("TG_VERIFY=1 refuses a kernel that is wrong, however often it is asked", async () => {
  const wrong = {
    ...kernels.softmax,
    reference: (_: unknown, y: { fill(value: number): unknown }) => void y.fill(0.25),
  };
  useKernels([wrong]);
  onTestFinished(() => useKernels([kernels.softmax]));
  await withEnv({ TG_VERIFY: "1" }, async () => {
    await device().explain([rows().expr]); // planning alone verifies nothing
    for (const _ of [1, 2])
      await expect(rows().data()).rejects.toThrow(/js\(verify\): expected output 0 to be 0\.2689/);
  });
});
