/** Events and sectors that an EggNet configuration names, and how an epoch goes through them. */
import { expect, test } from "vitest";
import { ConfigFile } from "../../src/cli/configFile.ts";
import { eggnetSchema } from "../../src/cli/families/eggnetConfig.ts";
import { eventsOfEpoch, readSets } from "../../src/cli/families/eggnetSets.ts";
import { simulateEvent } from "../../src/tracking/index.ts";
import { folder, smallEggnet } from "./helpers.ts";

const settings = async (path: string, ...sets: string[]) =>
  (await ConfigFile.read(path, sets)).resolve(eggnetSchema);

test("named events are cut into sectors, which the split counts in an order by the seed", async () => {
  const { path } = await smallEggnet(folder(), "[4, 2, 2]");
  const sets = ["events=[event000000002, event000000004]", "phi_sectors=5", "min_nodes=1"];
  const cut = "hard_cuts={hit_volume_id: [7, 9]}";
  const read = async (seed: number) => {
    const { trainset, valset, testset } = await readSets(
      await settings(path, ...sets, cut, `seed=${seed}`),
    );
    expect([trainset, valset, testset].map(({ length }) => length)).toEqual([4, 2, 2]);
    return [...trainset, ...valset, ...testset];
  };
  const events = await read(1);
  const names = events.map(({ name }) => name);
  expect(new Set(names).size).toBe(8); // no sector is in two sets
  for (const name of names) expect(name).toMatch(/^event00000000[24]-phi[0-4]$/);
  for (const { hits } of events) expect(Math.max(...hits.volume)).toBeLessThanOrEqual(9);
  expect((await read(1)).map(({ name }) => name)).toEqual(names);
  expect((await read(2)).map(({ name }) => name)).not.toEqual(names);
});

test("an epoch has all events, in an order of its own, moved as the configuration says", () => {
  const events = [1, 2, 3, 4].map((seed) => simulateEvent({ seed, particles: 2 }));
  const epoch = (which: number, random_rotation = 0, random_mirror = false) => [
    ...eventsOfEpoch(events, { seed: 5, random_rotation, random_mirror }, which),
  ];
  expect(new Set(epoch(0))).toEqual(new Set(events));
  expect(epoch(0)).not.toEqual(epoch(1));
  const turned = epoch(0, 0.1);
  expect(turned.map(({ hits }) => hits.z)).toEqual(epoch(0).map(({ hits }) => hits.z));
  for (const [e, { hits }] of turned.entries()) {
    const before = epoch(0)[e].hits;
    const angle = Math.atan2(hits.y[0], hits.x[0]) - Math.atan2(before.y[0], before.x[0]);
    expect(Math.cos(angle)).toBeGreaterThanOrEqual(Math.cos(0.1));
    expect(angle).not.toBe(0);
  }
  expect(epoch(0, 0.1)).toEqual(turned); // a resumed training sees the same
  const mirrored = [0, 1, 2, 3].flatMap((which) => epoch(which, 0, true));
  const isMirrored = mirrored.map((event) => [
    ...events.map(({ hits }) => hits.y[0] === -event.hits.y[0] && hits.x[0] === event.hits.x[0]),
  ]);
  expect(new Set(isMirrored.map((each) => each.includes(true)))).toEqual(new Set([true, false]));
});
