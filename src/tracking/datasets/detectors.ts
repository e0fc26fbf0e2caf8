import { readCsvPieces, type Schema, type Table } from "./csv.ts";
import { type Source, unpackedPieces } from "./gzip.ts";

const position = {
  volume_id: "u32",
  layer_id: "u32",
  module_id: "u32",
  cx: "f64", // centre, mm
  cy: "f64",
  cz: "f64",
  rot_xu: "f64", // columns of the rotation from module to global coordinates
  rot_xv: "f64",
  rot_xw: "f64",
  rot_yu: "f64",
  rot_yv: "f64",
  rot_yw: "f64",
  rot_zu: "f64",
  rot_zv: "f64",
  rot_zw: "f64",
} as const satisfies Schema;

// releases differ in these
const size = {
  module_t: "f64", // half thickness, mm
  module_minhu: "f64", // half widths at the short and the long end
  module_maxhu: "f64",
  module_hv: "f64", // half length
  pitch_u: "f64", // of the cells
  pitch_v: "f64",
} as const satisfies Schema;

/** Geometry of the detector, one row per module, under the names of the TrackML file. */
export type Detectors = Table<typeof position> & Partial<Table<typeof size>>;

/** Reads a TrackML `detectors.csv`, plain or gzip; `file` is the name used in messages. */
export async function readDetectors(source: Source, file: string): Promise<Detectors> {
  const where = `readDetectors: ${file}`;
  return readCsvPieces(unpackedPieces(source, where), position, { where, optional: size });
}
