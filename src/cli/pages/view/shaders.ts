/** One set of buffers serves all views: the projection of a hit is chosen in the shader. */
const project = /* glsl */ `
  uniform int projection; // 0 space, 1 x–y, 2 z–r
  vec4 projected(vec3 p) {
    vec3 q = projection == 2 ? vec3(p.z, length(p.xy), 0.0) : projection == 1 ? vec3(p.xy, 0.0) : p;
    return projectionMatrix * modelViewMatrix * vec4(q, 1.0);
  }
  // what is far in space fades into the background
  uniform float fadeFrom;
  uniform float fadeTo;
  float fading(vec4 clip) {
    return projection == 0 ? 0.65 * smoothstep(fadeFrom, fadeTo, clip.w) : 0.0;
  }
`;

export const hitVertex = /* glsl */ `
  attribute float mark;
  uniform float size;
  varying vec3 tint;
  varying float isMarked;
  varying float fade;
  varying float pixels;
  ${project}
  void main() {
    gl_Position = projected(position);
    tint = color;
    isMarked = mark;
    fade = fading(gl_Position);
    float near = projection == 0 ? clamp(1.25 - fade, 0.6, 1.25) : 1.0;
    gl_PointSize = size * near * (mark > 0.5 ? 2.4 : 1.0);
    pixels = gl_PointSize;
  }
`;

/** A disk; a marked hit is a disk in a ring. */
export const hitFragment = /* glsl */ `
  uniform vec3 background;
  uniform vec3 markColor;
  varying vec3 tint;
  varying float isMarked;
  varying float fade;
  varying float pixels;
  void main() {
    float r = 2.0 * length(gl_PointCoord - 0.5);
    if (r > 1.0) discard;
    bool isRing = isMarked > 0.5 && r > 0.72;
    if (isMarked > 0.5 && r > 0.5 && !isRing) discard;
    float soft = 1.0 - smoothstep(1.0 - 2.0 / pixels, 1.0, r); // its rim is one pixel wide
    gl_FragColor = vec4(mix(isRing ? markColor : tint, background, fade), soft);
  }
`;

export const lineVertex = /* glsl */ `
  varying vec3 tint;
  varying float fade;
  ${project}
  void main() {
    gl_Position = projected(position);
    tint = color;
    fade = fading(gl_Position);
  }
`;

export const lineFragment = /* glsl */ `
  uniform vec3 background;
  uniform float opacity;
  varying vec3 tint;
  varying float fade;
  void main() {
    gl_FragColor = vec4(mix(tint, background, fade), opacity);
  }
`;
