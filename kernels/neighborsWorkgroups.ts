/**
 * `nearestRows` for GPUs: 64 queries share the points, which come through workgroup memory by 64. A tile is
 * read from memory once for all, neighboring lanes reading neighboring points, and then by all at once.
 */
import type { KernelVariant } from "../src/engine/kernel.ts";
import { numQuads, quad, quadsOf } from "./coordinates.ts";
import { declareList, insert, storeList } from "./insertion.ts";

const numLanes = 64;
const mostQuads = 16; // of 64 dimensions

export const nearestRowsByWorkgroup: KernelVariant = {
  name: "workgroup",
  suits: ({ N }) => N >= numLanes,
  workgroupSize: numLanes,
  workgroups: ({ Q }) => Math.ceil(Q / numLanes),
  sharedBytes: 16 * numLanes * mostQuads,
  shared: (attrs) => /* wgsl */ `
var<workgroup> tilePoints: array<vec4f, ${numLanes * numQuads(attrs)}>; // [point, four coordinates]
/** The last event that starts at query i or before. */
fn eventOf(i: u32) -> u32 {
  var event = 0u;
  for (var after = dims.B - 1u; after > event; ) {
    let middle = (event + after + 1u) / 2u;
    if (queryOffsets[middle] <= i) { event = middle; } else { after = middle - 1u; }
  }
  return event;
}`,
  wgsl: (attrs) => /* wgsl */ `
  let firstQuery = tile * ${numLanes}u;
  let lastQuery = min(firstQuery + ${numLanes}u, dims.Q) - 1u;
  let i = min(firstQuery + lane, lastQuery);
  let event = eventOf(i);
  let ownFirst = offsets[event];
  let ownEnd = offsets[event + 1u];
${quadsOf(attrs, (q) => `  let q${q} = ${quad("queries", "i", q, attrs)};`)}
${declareList(attrs)}
  let end = offsets[eventOf(lastQuery) + 1u]; // of all queries' events
  for (var base = offsets[eventOf(firstQuery)]; base < end; base += ${numLanes}u) {
    workgroupBarrier(); // the tile before has been read
    let point = min(base + lane, end - 1u);
${quadsOf(
  attrs,
  (q) =>
    `    tilePoints[lane * ${numQuads(attrs)}u + ${q}u] = ${quad("points", "point", q, attrs)};`,
)}
    workgroupBarrier(); // the tile is written
    for (var row = max(base, ownFirst); row < min(base + ${numLanes}u, ownEnd); row++) {
      ${attrs.self ? "" : "if (row == i) { continue; }"}
      let at = (row - base) * ${numQuads(attrs)}u;
      var sum = vec4f(0.0);
${quadsOf(attrs, (q) => `      { let d = q${q} - tilePoints[at + ${q}u]; sum += d * d; }`)}
      let distance = (sum.x + sum.y) + (sum.z + sum.w);
      if (!(distance <= dims.limit)) { continue; }
${insert(attrs)}
    }
  }
  if (firstQuery + lane > lastQuery) { return; }
${storeList(attrs)}
`,
};
