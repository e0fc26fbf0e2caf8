/** The catalogue of optimizers. */
export { Adam, type AdamOptions } from "./adam.ts";
