/** A device that fails in the middle of a training: a typed error, and nothing lost but some steps. */
import { expect, test } from "vitest";
import {
  type Checkpoint,
  DeviceError,
  DeviceLostError,
  OutOfMemoryError,
  tensor,
  train,
} from "../../src/index.ts";
import { openDevice } from "../../src/node/open.ts";
import { type Faulty, openFaulty } from "../helpers/faultyGpu.ts";
import { bitsOf, tinyTraining } from "./tinyTraining.ts";

/** Keeps the last checkpoint. */
function memoryStore() {
  let last: Checkpoint | null = null;
  return {
    load: async () => last,
    save: (checkpoint: Checkpoint) => {
      last = checkpoint;
    },
  };
}

/** Trains until `fail` strikes in step 8 of 10, then on a new device from the last checkpoint. */
async function trainThrough(fail: (device: Faulty) => void) {
  const store = memoryStore();
  const faulty = await openFaulty();
  const options = { ...tinyTraining(2), checkpointEvery: 3, store };
  const { loss } = options;
  let steps = 0;
  const error = await train({
    ...options,
    loss: (...args) => {
      if (++steps === 8) fail(faulty);
      return loss(...args);
    },
  }).then(
    () => expect.fail("expected an error, got none"),
    (error: Error) => error,
  );
  expect((await store.load())?.state.step).toBe(6);
  await faulty.device.close();
  const resumed = tinyTraining(2);
  const device = await openDevice({ backend: "webgpu" });
  await train({ ...resumed, store });
  const bits = await bitsOf(resumed.model);
  await device.close();
  return { error, bits };
}

async function trainedWhole() {
  const device = await openDevice({ backend: "webgpu" });
  const whole = tinyTraining(2);
  await train(whole);
  const bits = await bitsOf(whole.model);
  await device.close();
  return bits;
}

test("a device lost in a step is a DeviceLostError; resumed on another, the training ends with the same bits", async () => {
  const { error, bits } = await trainThrough((device) => device.lose());
  expect(error).toBeInstanceOf(DeviceLostError);
  expect(error).toBeInstanceOf(DeviceError);
  expect(error.message).toMatch(/^webgpu: expected a working device, got a lost one \(destroyed: /);
  expect(bits).toEqual(await trainedWhole());
});

test("no memory in a step is an OutOfMemoryError that names op, shape and bytes; the training resumes", async () => {
  const { error, bits } = await trainThrough((device) => device.failAllocation(0));
  expect(error).toBeInstanceOf(OutOfMemoryError);
  expect(error.message).toMatch(
    /^webgpu\(\w+\): expected memory for \d+ B \((f32|u32) \[.*\]\), got none \(simulated\)$/,
  );
  expect(bits).toEqual(await trainedWhole());
});

test("a device that was out of memory goes on, with what lies on it", async () => {
  const faulty = await openFaulty();
  const x = tensor([1, 2, 3]).mul(2);
  expect([...(await x.data())]).toEqual([2, 4, 6]);
  const { bytesLive } = faulty.device.stats();
  faulty.failAllocation(0);
  const y = x.add(tensor(new Float32Array(3000), [1000, 3]));
  await expect(y.data()).rejects.toThrow(
    /^webgpu\(upload\): expected memory for 12288 B \(f32 \[1000, 3\]\), got none/,
  );
  expect(faulty.device.stats().bytesLive).toBe(bytesLive);
  faulty.failAllocation(Infinity);
  expect((await y.data()).slice(0, 3)).toEqual(Float32Array.of(2, 4, 6));
  await faulty.device.close();
});

test("after a loss, what lies on the host is uploaded to the next device and what does not is refused", async () => {
  const faulty = await openFaulty();
  const onHost = tensor([1, 2, 3]);
  const computed = onHost.mul(2);
  await computed.data();
  faulty.lose();
  await expect(computed.data()).rejects.toThrow(DeviceLostError);
  await faulty.device.close();
  const device = await openDevice({ backend: "webgpu" });
  expect([...(await onHost.mul(3).data())]).toEqual([3, 6, 9]);
  await expect(computed.add(1).data()).rejects.toThrow(
    "webgpu: expected a tensor of this device or of the host, got one of another device (f32 [3])",
  );
  await device.close();
});
