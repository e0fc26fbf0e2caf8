import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/engine/errors.ts";
import {
  hitSequence,
  momentumWindow,
  type OpenFile,
  padSequences,
  particleEta,
  readCsv,
  readDetectors,
  readSubmission,
  readTrackml,
  readTruth,
  selectHits,
  splitMix,
  subEvents,
  submissionFromTracks,
  trackmlScore,
  trackParameters,
  tracksFromSubmission,
  writeSubmission,
} from "../../src/tracking/index.ts";
import { expectClose } from "./helpers.ts";

/** Five hits with gaps in their ids, two of particle 8, one each of 2⁶³ + 1 and noise, one unknown. */
const files = {
  hits: `hit_id,x,y,z,volume_id,layer_id,module_id
6,1,2,3,8,2,1
9,-1.5,0,1e1,8,4,1
12,4,0,5,8,6,2
40,0.25,1,7,13,2,1
41,0,0,-7,13,2,1
`,
  cells: `hit_id,ch0,ch1,value
6,1,2,0.5
12,3,4,0.25
12,3,5,0.125
`,
  particles: `particle_id,vx,vy,vz,px,py,pz,q,nhits
9223372036854775809,0,0,1,3,4,0,-1,1
8,0,0,0,0,1,1,1,2
77,0,0,0,1,1,1,1,0
`,
  truth: `hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight
40,9223372036854775809,,,,,,,0.5
6,8,1,2,3,0,1,1,0.25
12,8,4,0,5,0,1,1,0.25
9,0,-1.5,0,10,0,0,0,0
`,
};
type Files = Record<string, string | Uint8Array>;

const opener =
  (tables: Files, gzipped = false): OpenFile =>
  async (name) => {
    const table = Object.keys(tables).find((t) => name === `e-${t}.csv${gzipped ? ".gz" : ""}`);
    if (table === undefined) return undefined;
    const content = tables[table];
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return gzipped ? gzipSync(bytes) : bytes;
  };
const read = (tables: Files) => readTrackml(opener(tables), "e");

test("tables are joined by hit id and particle id, not by row", async () => {
  const event = await read(files);
  expect(`${event}`).toBe("Event e 5 hits, 3 cells, 3 particles, truth for 4 hits");
  expect([...event.particleIds]).toEqual([0n, 8n, 77n, 9223372036854775809n]);
  expect([...event.truth!.particleIndex]).toEqual([1, 0, 1, 3, 0]);
  expect([...event.truth!.isKnown]).toEqual([1, 1, 1, 1, 0]);
  expect([...event.truth!.weight]).toEqual([0.25, 0, 0.25, 0.5, 0]);
  expect(event.truth!.tx[3]).toBeNaN(); // empty field
  expect(event.truth!.tx[4]).toBeNaN(); // no row
  expect([...event.cells!.hit]).toEqual([0, 2, 2]);
  expect([...event.particles!.index]).toEqual([3, 1, 2]);
});

test("gzip, \\r\\n, a byte order mark, other columns and their order make no difference", async () => {
  const plain = await read(files);
  const gzipped = await readTrackml(opener(files, true), "e");
  const reordered = await read({
    ...files,
    hits: `\ufeff,module_id,z,y,x,layer_id,volume_id,hit_id
0,1,3,2,1,2,8,6
1,1,1e1,0,-1.5,4,8,9
2,2,5,0,4,6,8,12
3,1,7,1,0.25,2,13,40
4,1,-7,0,0,2,13,41

`.replaceAll("\n", "\r\n"),
  });
  expect(gzipped).toEqual(plain);
  expect(reordered.hits).toEqual(plain.hits);
});

test("hits alone are an event", async () => {
  const event = await read({ hits: files.hits });
  expect(`${event}`).toBe("Event e 5 hits, no truth");
  expect(event.numParticles).toBe(0);
});

test("an event of noise has no particles", async () => {
  const event = await read({
    hits: files.hits,
    particles: "particle_id,vx,vy,vz,px,py,pz,q,nhits\n",
    truth: `${files.truth.split("\n")[0]}\n6,0,,,,,,,0\n`,
  });
  expect([event.numParticles, event.particles!.index.length]).toEqual([0, 0]);
});

describe("a malformed file is refused in one line that says where", () => {
  const line = (table: keyof typeof files, from: string, to: string) => ({
    ...files,
    [table]: files[table].replace(from, to),
  });
  const cases: [string, Files, string][] = [
    ["no hits file", {}, "readTrackml: expected e-hits.csv or e-hits.csv.gz, got neither"],
    ["empty file", { hits: "" }, 'e-hits.csv line 1: expected a column hit_id, got ""'],
    [
      "no hits",
      { hits: files.hits.split("\n")[0] },
      "e-hits.csv: expected at least one hit, got none",
    ],
    ["missing column", line("hits", ",z,", ",w,"), "e-hits.csv line 1: expected a column z, got"],
    ["column twice", line("hits", ",y,", ",x,"), "line 1: expected a column x, got 2 of them"],
    ["too few fields", line("hits", "9,-1.5,", "9,"), "line 3: expected 7 columns, got 6"],
    ["too many fields", line("hits", "9,-1.5,", "9,1,2,"), "line 3: expected 7 columns, got 8"],
    ["a blank line", line("hits", "\n12,", "\n\n12,"), "line 4: expected 7 columns, got 0"],
    ["cut off", { hits: files.hits.slice(0, -6) }, "line 6: expected 7 columns, got 5"],
    ["text", line("hits", "-1.5", "abc"), 'line 3 column x: expected a finite number, got "abc"'],
    ["a line break in text", line("hits", "-1.5", "a\u0000\rb"), 'got "a\\u0000\\rb"'],
    ["hexadecimal", line("hits", "-1.5", "0x10"), 'expected a finite number, got "0x10"'],
    ["nothing", line("hits", "-1.5", ""), 'column x: expected a finite number, got ""'],
    ["nan", line("hits", "-1.5", "nan"), 'column x: expected a finite number, got "nan"'],
    ["inf", line("hits", "-1.5", "-Infinity"), 'expected a finite number, got "-Infinity"'],
    ["overflow", line("hits", "-1.5", "1e999"), 'column x: expected a finite number, got "1e999"'],
    ["a space", line("hits", "-1.5", " 1"), 'column x: expected a finite number, got " 1"'],
    [
      "a float id",
      line("hits", "\n9,", "\n9.0,"),
      "column hit_id: expected an integer from 0 to 42949",
    ],
    [
      "a negative id",
      line("hits", "\n9,", "\n-9,"),
      "column hit_id: expected an integer from 0 to",
    ],
    [
      "a hit twice",
      line("hits", "\n9,", "\n6,"),
      "e-hits.csv line 3: expected each hit once, got hit 6 again",
    ],
    [
      "a cell of no hit",
      line("cells", "\n12,", "\n7,"),
      "e-cells.csv line 3 column hit_id: expected the id of a hit in the hits file, got 7",
    ],
    [
      "65 bits",
      line("particles", "\n8,", "\n18446744073709551616,"),
      'line 3 column particle_id: expected an integer of at most 64 bits, 0 or more, got "18446744073709551616"',
    ],
    [
      "a minus inside an id",
      line("truth", ",8,", ",1-88888888888888,"),
      "line 3 column particle_id: expected an integer",
    ],
    [
      "exponent in an id",
      line("truth", ",8,", ",4.5e15,"),
      "e-truth.csv line 3 column particle_id: expected an integer",
    ],
    [
      "a particle twice",
      line("particles", "\n77,", "\n8,"),
      "e-particles.csv line 4: expected each particle once, got particle 8 again",
    ],
    [
      "a particle 0",
      line("particles", "\n77,", "\n0,"),
      "expected each particle once, got 0, which means noise",
    ],
    [
      "truth of no hit",
      line("truth", "\n12,", "\n13,"),
      "e-truth.csv line 4 column hit_id: expected the id of a hit in the hits file, got 13",
    ],
    [
      "truth twice",
      line("truth", "\n12,", "\n6,"),
      "e-truth.csv line 4: expected each hit once, got hit 6 again",
    ],
    [
      "truth without weight",
      line("truth", "0.25", ""),
      'e-truth.csv line 3 column weight: expected a finite number, got ""',
    ],
  ];
  test.each(cases)("%s", async (_, tables, message) => {
    const failure = await read(tables).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(FormatError);
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message).not.toMatch(/[\n\r]/);
  });
  test("truncated gzip", async () => {
    const packed = gzipSync(files.hits);
    for (const end of [2, 9, 30, packed.length - 1]) {
      const reading = read({ hits: packed.subarray(0, end) });
      await expect(reading).rejects.toThrow(FormatError);
      await expect(reading).rejects.toThrow(
        "e-hits.csv: expected gzip data, got a truncated or damaged file",
      );
    }
  });
  test("a hit twice in a submission or a truth file", async () => {
    const submission = "hit_id,track_id\n3,1\n4,1\n3,2\n";
    await expect(readSubmission(submission, "s.csv")).rejects.toThrow(
      "readSubmission: s.csv line 4: expected each hit once, got hit 3 again",
    );
    const truth = files.truth.replace("\n12,", "\n6,");
    await expect(readTruth(truth, "t.csv")).rejects.toThrow(
      "readTruth: t.csv line 4: expected each hit once",
    );
  });
  test("a detector without positions", async () => {
    const bytes = new TextEncoder().encode("volume_id\n7\n");
    await expect(readDetectors(bytes, "d.csv")).rejects.toThrow(
      "d.csv line 1: expected a column layer_id",
    );
  });
});

test("numbers are read to the last bit", () => {
  const texts = [
    "0.1",
    "-0",
    "1e-320",
    "123456789012345678",
    "5e-324",
    "0.30000000000000004",
    "+1.5e+3",
  ];
  const texts2 = ["9007199254740993", "1e22", "1e23", "179769313486231570000e288", ".5", "5."];
  const all = [...texts, ...texts2];
  const { x } = readCsv(`x\n${all.join("\n")}`, { x: "f64" }, { where: "test" });
  expect([...x]).toEqual(all.map(Number));
});

test("64-bit ids are read exactly", () => {
  const ids = [
    "0",
    "18446744073709551615",
    "999999999999999",
    "1000000000000000",
    "00000000000000000007",
  ];
  const { id } = readCsv(`id\n${ids.join("\n")}`, { id: "u64" }, { where: "test" });
  expect([...id]).toEqual(ids.map(BigInt));
});

test.each(["1e+-5", "1e", "-", ".", "1.2.3", "--1", "1_000", "1e5.0", "", "١"])(
  "%j is no number",
  (text) => {
    expect(() => readCsv(`x,y\n${text},1`, { x: "f64" }, { where: "test" })).toThrow(FormatError);
  },
);

test("a submission survives writing and reading; hits it leaves out are in no track", async () => {
  const { hits } = await read(files);
  const tracks = Int32Array.of(3, -1, 3, 0, -1);
  const text = writeSubmission(submissionFromTracks(tracks, hits.hitId));
  expect(text).toBe("hit_id,track_id\n6,3\n12,3\n40,0\n");
  expect(tracksFromSubmission(await readSubmission(text, "s.csv"), hits.hitId)).toEqual(tracks);
  const foreign = await readSubmission("hit_id,track_id\n7,1\n6,-5\n9,2\n", "s.csv");
  expect([...tracksFromSubmission(foreign, hits.hitId)]).toEqual([-1, 2, -1, -1, -1]);
});

test("a submission is scored against a truth file alone, plain or gzip", async () => {
  const submission = await readSubmission("hit_id,track_id\n6,1\n12,1\n41,2\n", "s.csv");
  const truth = await readTruth(gzipSync(files.truth), "t.csv.gz");
  expect([...truth.particle]).toEqual([2, 1, 1, 0]);
  expect(trackmlScore(tracksFromSubmission(submission, truth.hitId), truth)).toBe(1);
});

test("selected hits keep their cells and their truth", async () => {
  const part = selectHits(await read(files), [2, 0]);
  expect([...part.hits.hitId]).toEqual([12, 6]);
  expect([...part.cells!.hit]).toEqual([1, 0, 0]);
  expect([...part.cells!.value]).toEqual([0.5, 0.25, 0.125]);
  expect([...part.truth!.tx]).toEqual([4, 1]);
  expect(() => selectHits(part, [0, 0])).toThrow("each once, got 0");
  expect(() => selectHits(part, [2])).toThrow("each once, got 2");
});

test("sub-events draw particles with and without hits, and drop noise", async () => {
  const event = await read(files);
  const all = subEvents(event, { min: 1, max: 3, count: 200, rng: splitMix(1) });
  const seen = all.map((sub) => `${sub.particleIds.slice(1)}: ${sub.hits.hitId}`);
  expect(new Set(seen)).toEqual(
    new Set([
      "8: 6,12",
      "77: ",
      "9223372036854775809: 40",
      "8,77: 6,12",
      "8,9223372036854775809: 6,12,40",
      "77,9223372036854775809: 40",
      "8,77,9223372036854775809: 6,12,40",
    ]),
  );
  expect(() => subEvents(event, { min: 4, max: 9, rng: splitMix(1) })).toThrow(
    "subEvents: expected 4 particles (min) or more in e",
  );
});

test("published sub-events are prefixes of the table, nested", async () => {
  const rng = splitMix(5);
  const all = subEvents(await read(files), { min: 1, max: 3, count: 20, rng, compat: true });
  const sizes = all.map((sub) => sub.numParticles);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  expect(all.at(-1)!.particles!.particleId[0]).toBe(9223372036854775809n);
});

test("sequences are standardised, and padded at the end", async () => {
  const event = await read(files);
  const two = [hitSequence(event), hitSequence(selectHits(event, [0]))];
  const { features, mask, ...shape } = padSequences(two);
  expect(shape).toEqual({ numEvents: 2, maxHits: 5, numFeatures: 3 });
  expect([...mask]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  expectClose(features.slice(0, 3), [1 / 270, 2 / 270, 3 / 1060], 1e-6, "first hit");
  expect([...features.slice(18)]).toEqual(Array(12).fill(-1));
  expect(() => padSequences(two, { maxHits: 4 })).toThrow(
    "padSequences(sequences[0]): expected at most 4 rows of 3 features, got [5, 3]",
  );
  expect(padSequences([]).features.length).toBe(0);
});

test("track parameters are the production angles and charge; noise has none", async () => {
  const { features } = trackParameters(await read(files));
  expectClose(features.slice(0, 4), [Math.PI / 4, 1, 0, 1], 1e-6, "particle 8: py = pz = 1");
  expectClose(features.slice(12, 16), [Math.PI / 2, 0.8, 0.6, -1], 1e-6, "px 3, py 4");
  expect(features.slice(4, 8).every(Number.isNaN)).toBe(true);
});

test("a momentum window includes its lower end, not its upper one", async () => {
  const event = await read(files); // |p| is √2 for particle 8, and 5
  expect([...momentumWindow(event, 1, 5).hits.hitId]).toEqual([6, 12]);
  expect([...momentumWindow(event, 5, 6).hits.hitId]).toEqual([40]);
});

test("η is 0 across the beam, and has the sign of pz", async () => {
  const { particles } = await read(files);
  expectClose(particleEta(particles!), [0, Math.asinh(1), Math.asinh(Math.SQRT1_2)], 1e-12, "eta");
});
