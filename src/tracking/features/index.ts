/** The catalogue of features: what models read of each hit. */
export { type CoordinateName, coordinates, hitCoordinate, isCoordinate } from "./coordinates.ts";
