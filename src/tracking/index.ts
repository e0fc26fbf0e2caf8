/**
 * The entry `trackgrad/tracking`: events, tracks and scores as pure functions of typed arrays.
 *
 * Nothing here opens a file or touches a device. Lengths mm, momenta GeV, angles rad.
 */
export * from "./datasets/index.ts";
export * from "./event.ts";
export * from "./metrics/index.ts";
export * from "./particles.ts";
export * from "./random.ts";
export * from "./sequence.ts";
export * from "./tracks.ts";
