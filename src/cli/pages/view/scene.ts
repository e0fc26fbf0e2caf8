/** The hits and lines as buffers of the graphics card, and what of them is drawn. */
import * as three from "three";
import type { Display } from "../../../tracking/display/index.ts";
import { groupColor, hitColors, palettes, type Rgb } from "./colors.ts";
import { type Hits, visibleHits } from "./hits.ts";
import type { Settings } from "./settings.ts";
import { hitFragment, hitVertex, lineFragment, lineVertex } from "./shaders.ts";

export interface HitScene {
  readonly scene: three.Scene;
  /** Shared by all materials. */
  readonly uniforms: Record<string, three.IUniform>;
  /** Rows of hits that are drawn. */
  visible: Uint32Array;
  apply(settings: Settings): void;
}

interface Pairs {
  readonly source: Uint32Array;
  readonly target: Uint32Array;
  readonly group: Int32Array; // particle or track of each pair, −1 for edges
}

export function hitScene(hits: Hits): HitScene {
  const { display } = hits;
  const uniforms = sharedUniforms();
  const points = hitPoints(hits, uniforms);
  const lines = {
    particle: lineObject(display, pairsOf(hits, "particle"), uniforms, 0.45),
    track: lineObject(display, pairsOf(hits, "track"), uniforms, 0.45),
    edges: lineObject(display, edgePairs(display), uniforms, 0.35),
  };
  const scene = new three.Scene();
  scene.add(lines.edges.object, lines.particle.object, lines.track.object, points.object);
  const made: HitScene = {
    scene,
    uniforms,
    visible: new Uint32Array(0),
    apply(settings) {
      const palette = palettes[settings.theme];
      made.visible = visibleHits(hits, settings);
      const isVisible = new Uint8Array(hits.numHits);
      for (const hit of made.visible) isVisible[hit] = 1;
      uniforms.background.value = unit(palette.background);
      uniforms.markColor.value = unit(palette.wrong);
      uniforms.size.value = settings.size * devicePixelRatio;
      points.apply(made.visible, settings);
      const isDrawn = (pairs: Pairs, i: number) =>
        isVisible[pairs.source[i]] + isVisible[pairs.target[i]] === 2;
      for (const by of ["particle", "track"] as const)
        lines[by].apply(settings.lines === by, isDrawn, (pairs, i) =>
          groupColor(pairs.group[i], palette),
        );
      const { particle, hasTruth } = display;
      const isTrue = ({ source, target }: Pairs, i: number) =>
        particle[source[i]] > 0 && particle[source[i]] === particle[target[i]];
      lines.edges.apply(settings.showEdges, isDrawn, (pairs, i) =>
        !hasTruth ? palette.edge : isTrue(pairs, i) ? palette.right : palette.wrong,
      );
    },
  };
  return made;
}

const sharedUniforms = (): Record<string, three.IUniform> => ({
  projection: { value: 0 },
  size: { value: 4 },
  background: { value: new three.Vector3() },
  markColor: { value: new three.Vector3() },
  fadeFrom: { value: 1 },
  fadeTo: { value: 2 },
});

const unit = ([r, g, b]: Rgb): three.Vector3 => new three.Vector3(r / 255, g / 255, b / 255);

function hitPoints({ display, matches, numHits }: Hits, uniforms: HitScene["uniforms"]) {
  const geometry = new three.BufferGeometry();
  geometry.setAttribute("position", new three.BufferAttribute(display.position, 3));
  const colors = new three.BufferAttribute(new Uint8Array(3 * numHits), 3, true);
  const marks = new three.BufferAttribute(new Uint8Array(numHits), 1);
  geometry.setAttribute("color", colors).setAttribute("mark", marks);
  const index = new three.BufferAttribute(new Uint32Array(numHits), 1);
  geometry.setIndex(index);
  const material = new three.ShaderMaterial({
    vertexShader: hitVertex,
    fragmentShader: hitFragment,
    uniforms,
    vertexColors: true,
    transparent: true, // at their rims
  });
  const object = new three.Points(geometry, material);
  object.renderOrder = 1; // over the lines
  object.frustumCulled = false; // culled by where the hits are in space, not in the projection
  const hits = { display, matches, numHits } as Hits;
  return {
    object,
    apply(visible: Uint32Array, { colorBy, theme, markWrong }: Settings) {
      (colors.array as Uint8Array).set(hitColors(hits, colorBy, theme));
      for (let h = 0; h < numHits; h++)
        marks.array[h] = markWrong && matches?.ofHit[h] === "wrong" ? 1 : 0;
      (index.array as Uint32Array).set(visible);
      geometry.setDrawRange(0, visible.length);
      colors.needsUpdate = marks.needsUpdate = index.needsUpdate = true;
    },
  };
}

function lineObject(
  { position }: Display,
  pairs: Pairs,
  uniforms: HitScene["uniforms"],
  opacity: number,
) {
  const numPairs = pairs.source.length;
  const geometry = new three.BufferGeometry();
  const ends = new three.BufferAttribute(new Float32Array(6 * numPairs), 3);
  const colors = new three.BufferAttribute(new Uint8Array(6 * numPairs), 3, true);
  geometry.setAttribute("position", ends).setAttribute("color", colors);
  const material = new three.ShaderMaterial({
    vertexShader: lineVertex,
    fragmentShader: lineFragment,
    uniforms: { ...uniforms, opacity: { value: opacity } },
    vertexColors: true,
    transparent: true,
    depthWrite: false,
  });
  const object = new three.LineSegments(geometry, material);
  object.frustumCulled = false;
  const point = (hit: number) => position.subarray(3 * hit, 3 * hit + 3);
  return {
    object,
    apply(
      isShown: boolean,
      isDrawn: (pairs: Pairs, i: number) => boolean,
      colorOf: (pairs: Pairs, i: number) => Rgb,
    ) {
      object.visible = isShown;
      if (!isShown) return;
      let drawn = 0;
      for (let i = 0; i < numPairs; i++) {
        if (!isDrawn(pairs, i)) continue;
        (ends.array as Float32Array).set(point(pairs.source[i]), 6 * drawn);
        (ends.array as Float32Array).set(point(pairs.target[i]), 6 * drawn + 3);
        const color = colorOf(pairs, i);
        (colors.array as Uint8Array).set([...color, ...color], 6 * drawn);
        drawn++;
      }
      geometry.setDrawRange(0, 2 * drawn);
      ends.needsUpdate = colors.needsUpdate = true;
    },
  };
}

function pairsOf({ lines }: Hits, by: "particle" | "track"): Pairs {
  const pairs = lines[by].flatMap(({ group, hits }) =>
    hits.slice(1).map((to, i) => [hits[i], to, group]),
  );
  return {
    source: Uint32Array.from(pairs, ([from]) => from),
    target: Uint32Array.from(pairs, ([, to]) => to),
    group: Int32Array.from(pairs, ([, , group]) => group),
  };
}

function edgePairs({ edges }: Display): Pairs {
  const none = new Uint32Array(0);
  const { source, target } = edges ?? { source: none, target: none };
  return { source, target, group: new Int32Array(source.length).fill(-1) };
}
