/** Events to look at: what a display draws, and the file that Phoenix reads. */
export {
  type Display,
  type DisplayedParticles,
  type DisplayOptions,
  displayOf,
} from "./display.ts";
export { type HitMatch, type HitMatches, type HitOwners, hitMatches } from "./hitMatches.ts";
export { type LayerOutline, layerOutlines } from "./layers.ts";
export { type LineOfHits, linesOf } from "./lines.ts";
export {
  type PhoenixEvent,
  type PhoenixHit,
  type PhoenixTrack,
  type PhoenixVertex,
  phoenixEvents,
} from "./phoenix.ts";
