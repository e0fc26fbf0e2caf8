import { expect, test } from "vitest";
import { DeviceError, tensor } from "../../src/index.ts";
import { nodeGpu } from "../../src/node/gpu.ts";
import { openDevice } from "../../src/node/open.ts";
import { describeFloat16 } from "../helpers/float16Properties.ts";

describeFloat16("js");
describeFloat16("wasm");
const { adapter } = await nodeGpu();
if (adapter.features.has("shader-f16")) describeFloat16("webgpu");
else
  test("an adapter without shader-f16 says so", async () => {
    const device = await openDevice({ backend: "webgpu" });
    const cast = tensor([1]).cast("f16").data();
    await expect(cast).rejects.toThrow(DeviceError);
    await expect(cast).rejects.toThrow(/^webgpu: expected a backend that stores f16/);
    await device.close();
  });
