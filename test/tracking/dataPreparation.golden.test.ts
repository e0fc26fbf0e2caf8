/** Replays `data_prep` of `$TG_FIXTURES/eggnet`: hard cuts, slices in azimuth, scales and mappings. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import {
  atEnds,
  atNodes,
  type EventColumns,
  lastAtNodes,
  overEnds,
  scaleColumns,
  segmentEvent,
} from "../../src/tracking/index.ts";
import { caseFiles, expectClose, fixtures, type Json, numberIn } from "./helpers.ts";

const float32 = 2 ** -23; // a division in float32 on either side

const files = caseFiles("eggnet", "data_prep");
if (files.length === 0)
  test("data_prep: absent", () => console.info(`no data_prep in ${fixtures}/eggnet`));
for (const [name, content] of files)
  describe(`eggnet/${name}`, () => {
    const path = join(fixtures, "eggnet", name.replace(/json$/, "safetensors"));
    const { tensors } = readSafetensors(readFileSync(path), path);
    const column = (key: string): Json => tensors.get(key)!.data;
    const edgesIn = (key: string) => {
      const flat = Array.from(column(key) as ArrayLike<number | bigint>, Number);
      const half = flat.length / 2;
      return { source: flat.slice(0, half), target: flat.slice(half) };
    };
    const columnsOf = (kind: string) =>
      Object.fromEntries(
        [...tensors.keys()]
          .filter((key) => key.startsWith(`in.${kind}_`) && !key.endsWith("_edges"))
          .map((key) => [key.slice(3), column(key)]),
      );
    const event: EventColumns = {
      hits: columnsOf("hit"),
      tracks: columnsOf("track"),
      trackEdges: edgesIn("in.track_edges"),
    };

    test.each(Object.entries<Json>(content.cases))(
      "%s",
      (which, { hparams, stage, ...expected }) => {
        const { segmented, ...options } = optionsIn(hparams);
        const isSegmented = segmented && stage === "fit";
        const isCut = isSegmented || Object.keys(options.conditions).length > 0;
        const rng = () => expected.uniform_random;
        const cut = isCut ? segmentEvent(event, { ...options, isSegmented, rng }).event : event;
        const isScaled = stage === "fit" || stage === "predict";
        const scales = Object.fromEntries(
          hparams.node_features.map((f: string, i: number) => [f, hparams.node_scales[i]]),
        );
        const hits = isScaled ? scaleColumns(cut.hits, scales) : cut.hits;
        expect(Object.values(hits)[0].length).toBe(expected.num_nodes_out);
        expect(cut.trackEdges.source.length).toBe(expected.n_track_edges_out);
        const stored = [...tensors.keys()].filter((key) => key.startsWith(`out.${which}.hit_`));
        expect(stored.length).toBeGreaterThan(0);
        for (const key of stored) {
          const got = Array.from(
            hits[key.slice(`out.${which}.`.length)] as ArrayLike<number>,
            Number,
          );
          expectClose(got, Array.from(column(key), Number), float32, key);
        }
        const edges = edgesIn(`out.${which}.track_edges`);
        expect([...Array.from(cut.trackEdges.source)]).toEqual(edges.source);
        expect([...Array.from(cut.trackEdges.target)]).toEqual(edges.target);
      },
    );

    test.skipIf(!content.mapping)("mappings", () => {
      const m = content.mapping;
      const [source, target] = m.track_edges_used;
      const edges = { source, target };
      const numNodes = content.input.num_nodes;
      const nodes = Array.from({ length: numNodes }, (_, i) => i);
      const both = (reduction: "mean") => ({ ends: "both", reduction }) as const;
      const gathered = atEnds(nodes, edges);
      const found = {
        tracks_to_nodes_none: lastAtNodes(m.track_values, edges, numNodes),
        tracks_to_nodes_mean: atNodes(m.track_values, edges, numNodes, both("mean")),
        nodes_to_tracks_none: [...gathered.source, ...gathered.target],
        nodes_to_edges_none: [...gathered.source, ...gathered.target],
        nodes_to_tracks_sum: overEnds(nodes, edges, "sum"),
        edges_to_nodes_sum: atNodes(m.track_values, edges, numNodes, {
          ends: "target",
          reduction: "sum",
        }),
      };
      for (const [key, values] of Object.entries(found)) expect([...values]).toEqual(m[key].flat());
    });
  });

function optionsIn(hparams: Json) {
  const conditions = JSON.parse(JSON.stringify(hparams.hard_cuts ?? {}), (_, value) =>
    value === "inf" ? numberIn(value) : value,
  );
  const given = {
    fraction: hparams.graph_fraction,
    minNodes: hparams.min_nodes,
    maxNodes: hparams.max_nodes,
    isWidest: hparams.max_possible_width,
    tolerance: hparams.graph_adjustment_tol,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { conditions, segmented: hparams.phi_segmented === true, ...set };
}
