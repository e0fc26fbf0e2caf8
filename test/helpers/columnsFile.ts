/** A made-up event in the layout of EggNet's events of the ITk: no file of that detector is public. */
import type { HostArray, HostTensor, StoredType } from "../../src/engine/formats/hostTensor.ts";
import { writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import { hitCoordinate } from "../../src/tracking/features/coordinates.ts";
import { hitEta, hitPt, simulateEvent } from "../../src/tracking/index.ts";

export interface ColumnsFile {
  bytes: Uint8Array;
  /** Rows of hits of each particle, in order along it. */
  tracks: number[][];
  numHits: number;
}

/** A few particles in a simulated detector; momenta MeV, 1 mm between both clusters of a hit along z. */
export function columnsFile(
  seed: number,
  edit: (tensors: Map<string, HostTensor>) => void = () => {},
): ColumnsFile {
  const event = simulateEvent({ seed, particles: 8, noise: 0.1 });
  const { hits, numHits, particleIds } = event;
  const particle = event.truth!.particleIndex;
  const r = hitCoordinate(hits, "r");
  const distance = (hit: number) => Math.hypot(r[hit], hits.z[hit]);
  const rows = Array.from(particle.keys()).sort((a, b) => distance(a) - distance(b));
  const tracks = [...new Set(particle)]
    .filter((p) => p > 0)
    .map((p) => rows.filter((hit) => particle[hit] === p));
  const sources = tracks.flatMap((track) => track.slice(0, -1));
  const targets = tracks.flatMap((track) => track.slice(1));

  const tensors = new Map<string, HostTensor>();
  const put = (name: string, dtype: StoredType, data: HostArray, shape = [data.length]) =>
    tensors.set(name, { dtype, shape, data });
  const int = (values: ArrayLike<number>) => BigInt64Array.from(values as number[], BigInt);
  put("hit_id", "I64", int(hits.hitId));
  for (const name of ["r", "phi", "z", "eta"] as const)
    put(`hit_${name}`, "F32", Float32Array.from(hitCoordinate(hits, name)));
  for (const axis of ["x", "y", "z"] as const)
    for (const cluster of [1, 2])
      put(
        `hit_cluster_${axis}_${cluster}`,
        "F32",
        Float32Array.from(hits[axis], (place) => place + (axis === "z" ? cluster - 1.5 : 0)),
      );
  put("hit_region", "I32", Int32Array.from(hits.volume));
  const pt = Float64Array.from(hitPt(event), (gev, hit) => (particle[hit] ? 1000 * gev : NaN));
  put(
    "hit_particle_id",
    "I64",
    BigInt64Array.from(Array.from(particle, (p) => BigInt(particleIds[p]))),
  );
  put("hit_particle_pt", "F64", pt);
  put("hit_particle_eta", "F64", hitEta(event));
  put(
    "hit_particle_nhits",
    "I64",
    int(particle.map((p) => particle.filter((q) => q === p).length)),
  );
  put("track_edges", "I64", int([...sources, ...targets]), [2, sources.length]);
  put(
    "track_particle_pt",
    "F64",
    Float64Array.from(sources, (hit) => pt[hit]),
  );
  edit(tensors);
  return { bytes: writeSafetensors(tensors, { event_id: `event${seed}` }), tracks, numHits };
}
