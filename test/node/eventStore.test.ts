import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { EventStore, type EventStoreOptions, readAnyEvent } from "../../src/node/index.ts";
import {
  type Event,
  simulateEvent,
  writeEventFile,
  writeTrackml,
} from "../../src/tracking/index.ts";

const folder = mkdtempSync(join(tmpdir(), "trackgrad-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const events = Array.from({ length: 8 }, (_, event) =>
  simulateEvent({ seed: 1, event, particles: 3 }),
);

/** Odd events as TrackML files, even ones processed. */
function writeEvents(path: string, list: readonly Event[]): void {
  mkdirSync(path, { recursive: true });
  for (const [e, event] of list.entries())
    if (e % 2 === 0) writeFileSync(join(path, `${event.name}.safetensors`), writeEventFile(event));
    else
      for (const [kind, text] of Object.entries(writeTrackml(event)))
        writeFileSync(join(path, `${event.name}-${kind}.csv`), text);
}
writeEvents(folder, events);

function open(path: string, options: EventStoreOptions): EventStore {
  const store = new EventStore(path, options);
  onTestFinished(() => store.close());
  return store;
}

test.each([0, 2])("with %s threads, every event is read as it was written", async (threads) => {
  const store = open(folder, { threads, fractions: [0.5, 0.25, 0.25] });
  const { train, val, test } = store.sets;
  expect([train.length, val.length, test.length]).toEqual([4, 2, 2]);
  expect(new Set([...train, ...val, ...test]).size).toBe(8);
  for (const set of ["train", "val", "test"] as const) {
    const names: string[] = [];
    for await (const event of store.all(set)) {
      expect(event).toEqual(events.find(({ name }) => name === event.name));
      names.push(event.name);
    }
    expect(names.map((name) => store.sets[set].findIndex((path) => path.includes(name)))).toEqual(
      names.map((_, n) => n),
    );
  }
});

test("an event is parsed once while it is kept, and again when others took its place", async () => {
  const store = open(folder, { threads: 0, cached: 2, fractions: [1, 0, 0] });
  const [a, b, c] = store.sets.train;
  const first = await store.read(a);
  await store.read(b);
  expect(await store.read(a)).toBe(first);
  await store.read(c); // b was asked for longest ago
  expect(await store.read(a)).toBe(first);
  await store.read(b);
  await store.read(c);
  expect(await store.read(a)).not.toBe(first);
});

test("folders named as EggNet names them are the sets", async () => {
  const path = mkdtempSync(join(tmpdir(), "trackgrad-sets-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  writeEvents(join(path, "trainset"), events.slice(0, 3));
  writeEvents(join(path, "testset"), events.slice(3, 4));
  const { train, val, test } = open(path, { threads: 0 }).sets;
  expect([train.length, val.length, test.length]).toEqual([3, 0, 1]);
});

test.each([0, 1])(
  "with %s threads, a damaged event is one line, and the next is read",
  async (threads) => {
    const path = mkdtempSync(join(tmpdir(), "trackgrad-bad-"));
    onTestFinished(() => rmSync(path, { recursive: true }));
    writeEvents(path, events.slice(0, 2));
    writeFileSync(join(path, `${events[0].name}.safetensors`), "no event");
    const store = open(path, { threads, fractions: [1, 0, 0] });
    const [bad, good] = [...store.sets.train].sort();
    await expect(store.read(bad)).rejects.toMatchObject({ name: "FormatError" });
    await expect(store.read(bad)).rejects.toThrow(
      /^[^\n]*event000000000\.safetensors: byte 0: expected[^\n]*$/,
    );
    expect((await store.read(good)).numHits).toBe(events[1].numHits);
  },
);

test("an empty folder, and settings of no meaning, are refused", async () => {
  expect(() => new EventStore(join(folder, "absent"))).toThrow(
    /absent: expected events .* got none/,
  );
  expect(() => new EventStore(folder, { cached: 0 })).toThrow(/^EventStore\(cached\)/);
  expect(() => new EventStore(folder, { threads: -1 })).toThrow(/^EventStore\(threads\)/);
  await expect(readAnyEvent(join(folder, "absent.safetensors"))).rejects.toThrow(/no such file/);
});
