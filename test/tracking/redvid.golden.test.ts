/** Replays `redvid_loaders` of `$TG_FIXTURES/transformer-regressor`: CSV in, padded tensors out. */
import { expect, test } from "vitest";
import {
  padSequences,
  type RedvidKind,
  readRedvid,
  redvidHits,
  redvidParameters,
} from "../../src/tracking/index.ts";
import { expectClose, type Json, replay } from "./helpers.ts";

// angles below 8 were rounded to float32 before their sine was taken, then the sine
const float32 = 2 ** -22 + 2 ** -23;

replay("transformer-regressor", "redvid_loaders", (content) => {
  const kinds = Object.entries<Json>(content).filter(([, part]) => part.csv);
  test.each(kinds)("%s", async (kind, { csv, max_num_hits, hits, track_params, classes }) => {
    const events = await readRedvid(csv, kind as RedvidKind, "set.csv");
    const pad = max_num_hits === null ? {} : { maxHits: max_num_hits };
    const found = padSequences(events.map(redvidHits), pad);
    expect([found.numEvents, found.maxHits]).toEqual([classes.length, classes[0].length]);
    expectClose(found.features, hits.flat(2), float32, "hits");
    const targets = padSequences(events.map(redvidParameters), pad);
    expectClose(targets.features, track_params.flat(2), float32, "track_params");
    const tracks = events.map(({ trackId }) => [
      ...trackId,
      ...new Array(found.maxHits - trackId.length).fill(-1),
    ]);
    expect(tracks).toEqual(classes);
  });
});
