/** Replays `trackml_preprocessing` of `$TG_FIXTURES/transformer-regressor`: sub-events and the loader. */
import { expect, test } from "vitest";
import {
  type Event,
  groupByParticle,
  hitSequence,
  momenta,
  momentumWindow,
  padSequences,
  readTrackml,
  selectHits,
  selectParticles,
  standardisationOf,
  subEvents,
  trackParameters,
} from "../../src/tracking/index.ts";
import { expectClose, replay } from "./helpers.ts";

const float32 = 1e-6; // for values that went through float32

replay("transformer-regressor", "trackml_preprocessing", (c) => {
  const files: Record<string, string> = c.csv_in;
  const source = readTrackml(async (name) => {
    const table = /-(\w+)\.csv$/.exec(name)?.[1];
    return table && files[table] ? new TextEncoder().encode(files[table]) : undefined;
  }, "event");
  const drawn = async () => {
    const size = c.max_particles - c.min_particles + 1;
    const draws = c.draws.map((draw: number) => (draw - c.min_particles + 0.5) / size);
    const rng = () => draws.shift();
    const options = { min: c.min_particles, max: c.max_particles, rng, compat: true };
    return subEvents(await source, { ...options, count: c.draws.length });
  };
  const columns = c.csv_header_the_loader_needs.split(",").length;

  test("sub-events", async () => {
    const rows = (await drawn()).flatMap((event, i) => rowsOf(event, c.first_event_id + i));
    expectRows(rows, c.csv_out_no_header, columns);
  });
  test("inner detector", async () => {
    const event = await source;
    const inner = Array.from(event.hits.volume.keys()).filter((h) => event.hits.volume[h] <= 9);
    const allParticles = selectParticles(
      selectHits(event, inner),
      Uint32Array.from(event.particles!.index.keys()),
    );
    const eventId = Number(c.inner_detector_csv_out_no_header.trim().split(",").at(-1));
    expectRows(
      rowsOf(groupByParticle(allParticles), eventId),
      c.inner_detector_csv_out_no_header,
      columns,
    );
  });
  test("normalisation", async () => {
    const { mean, std } = await scaleOf(drawn());
    const names = ["x", "y", "z", "px", "py", "pz", "q"];
    expectClose(
      mean,
      names.map((name) => c.normalisation[name].mean),
      1e-9,
      "mean",
    );
    expectClose(
      std,
      names.map((name) => c.normalisation[name].std_ddof1),
      1e-9,
      "std",
    );
  });
  test("loader", async () => {
    const scale = c.loader.normalize ? await scaleOf(drawn()) : undefined;
    const part = (low: number, high: number) =>
      scale && { mean: scale.mean.slice(low, high), std: scale.std.slice(low, high) };
    const events = await drawn();
    const pad = { maxHits: c.loader.max_num_hits };
    const identity = { mean: [0, 0, 0], std: [1, 1, 1] };
    const hits = padSequences(
      events.map((event) => hitSequence(event, part(0, 3) ?? identity)),
      pad,
    );
    const targets = padSequences(
      events.map((event) => trackParameters(event, part(3, 7))),
      pad,
    );
    expectClose(hits.features, c.loader.hits.flat(2), float32, "hits");
    expectClose(targets.features, c.loader.track_params.flat(2), float32, "track_params");
    const isPadding = c.loader.classes.flat().map(([id]: number[]) => Number(id === -1));
    expect(Array.from(hits.mask)).toEqual(isPadding);
  });
  test("momentum window", async () => {
    const { p_min, p_max, normalize, hits_shape, track_params_first_event } =
      c.loader_momentum_window;
    expect(normalize).toBe(false);
    const events = (await drawn()).map((event) => momentumWindow(event, p_min, p_max));
    const batch = padSequences(
      events.map((event) => trackParameters(event)),
      { maxHits: hits_shape[1] },
    );
    expect([batch.numEvents, batch.maxHits]).toEqual(hits_shape.slice(0, 2));
    const first = batch.features.slice(0, hits_shape[1] * batch.numFeatures);
    expectClose(first, track_params_first_event.flat(), float32, "track_params");
  });
});

/** Standardisation of x, y, z, px, py, pz, q over all rows of all events. */
async function scaleOf(drawn: Promise<Event[]>) {
  const events = await drawn;
  const all = (column: (event: Event) => Float64Array) =>
    Float64Array.from(events.flatMap((event) => Array.from(column(event))));
  const position = (["x", "y", "z"] as const).map((name) => all(({ hits }) => hits[name]));
  const momentum = (["px", "py", "pz", "q"] as const).map((name) =>
    all((event) => momenta(event)[name]),
  );
  return standardisationOf([...position, ...momentum]);
}

/** x, y, z, volume, vx, vy, vz, px, py, pz, q, particle id, weight, event id of every hit. */
function rowsOf(event: Event, eventId: number): (number | bigint)[][] {
  const { hits, particles, truth } = event;
  return Array.from(hits.hitId, (_, h) => {
    const p = particles!;
    const row = p.index.indexOf(truth!.particleIndex[h]);
    const position = [hits.x[h], hits.y[h], hits.z[h], hits.volume[h]];
    const vertex = [p.vx[row], p.vy[row], p.vz[row]];
    const momentum = [p.px[row], p.py[row], p.pz[row], p.q[row]];
    return [...position, ...vertex, ...momentum, p.particleId[row], truth!.weight[h], eventId];
  });
}

function expectRows(rows: (number | bigint)[][], csv: string, numColumns: number): void {
  const expected = csv
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  expect(rows.length).toBe(expected.length);
  rows.forEach((row, r) => {
    expect(row.length).toBe(numColumns);
    // both sides hold the digits of the file
    expect(
      row.map((value, c) =>
        typeof value === "bigint" ? value : Number(value) === Number(expected[r][c]),
      ),
    ).toEqual(row.map((value, c) => (typeof value === "bigint" ? BigInt(expected[r][c]) : true)));
  });
}
