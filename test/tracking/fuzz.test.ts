/** Readers given damaged files either read them or raise `FormatError`; nothing else, and never hang. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/engine/errors.ts";
import {
  type OpenFile,
  readDetectors,
  readRedvid,
  readSubmission,
  readTrackml,
  readTruth,
} from "../../src/tracking/index.ts";

const numRows = 12;
const table = (header: string, row: (i: number) => string) =>
  [header, ...Array.from({ length: numRows }, (_, i) => row(i))].join("\n");
const files: Record<string, string> = {
  hits: table(
    "hit_id,x,y,z,volume_id,layer_id,module_id",
    (i) => `${i + 2},${i}.5,-${i},1e${i},8,2,7`,
  ),
  cells: table("hit_id,ch0,ch1,value", (i) => `${i + 2},${i},3,0.25`),
  particles: table(
    "particle_id,particle_type,vx,vy,vz,px,py,pz,q,nhits",
    (i) => `${4503668346847232 + i},-211,0,0,${i},1,2,3,-1,4`,
  ),
  truth: table(
    "hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight",
    (i) => `${i + 2},${i % 2 ? 4503668346847232 + i : 0},,,${i},1,2,3,0.125`,
  ),
};
const detector = table(
  "volume_id,layer_id,module_id,cx,cy,cz,rot_xu,rot_xv,rot_xw,rot_yu,rot_yv,rot_yw,rot_zu,rot_zv,rot_zw",
  (i) => `7,2,${i},1,2,3,1,0,0,0,1,0,0,0,1`,
);

type Change = (bytes: Uint8Array) => Uint8Array;
const splice = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array =>
  Uint8Array.from([...bytes.subarray(0, at), ...insert, ...bytes.subarray(at + remove)]);
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Uint8Array, share: number) => Math.floor(share * (bytes.length + 1));
const words = [
  "",
  ",",
  "\n",
  "\r\n",
  "0",
  "-1",
  "nan",
  "inf",
  "1e999",
  "0x1",
  '"',
  "\u0000",
  "99999999999999999999",
  " ",
  "é",
];

/** Byte flips, cuts, inserted and deleted pieces: the accidents of copying, and of attackers. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([p, mask]): Change =>
      (b) => {
        const copy = b.slice();
        if (copy.length > 0) copy[Math.min(at(b, p), b.length - 1)] ^= mask;
        return copy;
      },
  ),
  place.map(
    (p): Change =>
      (b) =>
        b.slice(0, at(b, p)),
  ),
  fc.tuple(place, fc.nat(30)).map(
    ([p, n]): Change =>
      (b) =>
        splice(b, at(b, p), n, new Uint8Array()),
  ),
  fc.tuple(place, fc.constantFrom(...words)).map(
    ([p, word]): Change =>
      (b) => {
        return splice(b, at(b, p), 0, new TextEncoder().encode(word));
      },
  ),
  fc.tuple(place, fc.constantFrom(...words)).map(
    ([p, word]): Change =>
      (b) =>
        replaceField(b, p, word),
  ),
);
const changes = fc.array(change, { minLength: 1, maxLength: 3 });

/** Puts a word in place of a whole field. */
function replaceField(bytes: Uint8Array, share: number, word: string): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const fields = text.split(/(?<=[,\n])/);
  const i = Math.floor(share * fields.length);
  fields[i] = word + (/[,\n]$/.exec(fields[i])?.[0] ?? "");
  return new TextEncoder().encode(fields.join(""));
}

/** Runs a reader on `numRuns` damaged copies; at least one of them must have been refused. */
async function fuzz(source: string, gzipped: boolean, read: (bytes: Uint8Array) => unknown) {
  const whole = new TextEncoder().encode(source);
  const bytes = gzipped ? Uint8Array.from(gzipSync(whole)) : whole;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      try {
        await read(list.reduce<Uint8Array>((b, apply) => apply(b), bytes));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        expect(error.message).not.toMatch(/[\n\r]/);
        refused++;
      }
    }),
    { numRuns: 1200, seed: 20 },
  );
  expect(refused).toBeGreaterThan(0);
}

const open =
  (table: string, damaged: Uint8Array): OpenFile =>
  async (name) => {
    const found = Object.keys(files).find((key) => name === `e-${key}.csv`);
    if (found === table) return damaged;
    return found === undefined ? undefined : new TextEncoder().encode(files[found]);
  };

describe.each([false, true])("damaged files, gzip %s", (gzipped) => {
  test.each(Object.keys(files))("of %s", async (name) => {
    await readTrackml(open(name, new TextEncoder().encode(files[name])), "e"); // whole, it is read
    await fuzz(files[name], gzipped, (bytes) => readTrackml(open(name, bytes), "e"));
  });
  test("of a detector", () => fuzz(detector, gzipped, (bytes) => readDetectors(bytes, "d.csv")));
});

test.each([false, true])("damaged submissions, gzip %s", (gzipped) =>
  fuzz(
    table("hit_id,track_id", (i) => `${i},${i % 3}`),
    gzipped,
    (bytes) => readSubmission(bytes, "s.csv"),
  ),
);

test.each([false, true])("damaged REDVID sets, gzip %s", (gzipped) =>
  fuzz(
    table(
      "event_id;sub_detector_id;track_id;hit_r;hit_theta;hit_z;radial_coeff;pitch_coeff;azimuthal_coeff",
      (i) => `${i >> 2};${i & 3};${i & 1};${i}.5;0.25;-${i};0.5;2;-1`,
    ),
    gzipped,
    (bytes) => readRedvid(bytes, "curved", "r.csv"),
  ),
);

test.each([false, true])("damaged truth files, gzip %s", (gzipped) =>
  fuzz(files.truth, gzipped, (bytes) => readTruth(bytes, "t.csv")),
);

test("any bytes at all", () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const error = await readTrackml(open("hits", bytes), "e").catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FormatError);
    }),
    { numRuns: 1000, seed: 21 },
  ));
