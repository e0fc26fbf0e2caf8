/** The catalogue of model families. */
import type { ConfigFile } from "../configFile.ts";
import type { Family } from "../family.ts";
import { eggnet } from "./eggnet.ts";
import { encoderClassifier } from "./encoderClassifier.ts";
import { encoderDecoder } from "./encoderDecoder.ts";
import { refiner } from "./refiner.ts";
import { transformerRegressor } from "./transformerRegressor.ts";

export const families: readonly Family[] = [
  transformerRegressor,
  refiner,
  encoderClassifier,
  encoderDecoder,
  eggnet,
];

/** The family that `model:` names. */
export function familyOf(file: ConfigFile): Family {
  const name = file.get("model");
  const found = families.find(({ names }) => names.includes(String(name)));
  if (found) return found;
  const known = families.flatMap(({ names }) => names).join(", ");
  throw file.problem(["model"], `model: one of ${known}`, name === undefined ? "none" : `${name}`);
}
