/** Simulated events: with the layout of TrackML's or REDVID's, and what they look like in numbers. */
export { type RedvidOptions, redvidLayers, simulateRedvid } from "./redvid.ts";
export { type SimulationOptions, simulateEvent, simulator } from "./simulateEvent.ts";
export {
  type EventSummary,
  type ParticleQuantities,
  particleQuantities,
  type Spread,
  summarizeEvent,
  type VolumeSummary,
} from "./summary.ts";
export { trackmlDetector } from "./trackmlDetector.ts";
