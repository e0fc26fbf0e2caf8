/**
 * Products of matrices by workgroups, for GPUs: 256 invocations own a tile of y and walk along k in
 * steps of 16. Each step brings the rows of a and the columns of b that the tile needs into
 * workgroup memory, four elements at a time, and every invocation multiplies its 4 columns with 4
 * rows, or with 8 where the tile has 128 rows: a number loaded once serves 64 products.
 *
 * Where `parts` share the sums of one result, part number `part` walks over its stretch of k.
 */
const step = 16;

/** What is multiplied: names in the program, and how each operand lies in memory. */
export interface TiledProduct {
  /** Rows of a tile; it has 64 columns. */
  rows: 64 | 128;
  a: string;
  b: string;
  /** Sizes: y is m × n, the sum is over k. */
  m: string;
  n: string;
  k: string;
  /** Whether a lies as k × m, and b as n × k. */
  transposeA: boolean;
  transposeB: boolean;
  /** Expressions of `batch`: the first elements of the two operands and the result. */
  starts?: { a: string; b: string; y: string };
  /** A function of row and value that receives Σ_k a[m, k], from the tiles of the first columns. */
  storeRowSum?: string;
}

export const tilesOf = (rows: number, size: { M: number; N: number }): number =>
  Math.ceil(size.M / rows) * Math.ceil(size.N / 64);

/** Bytes of workgroup memory that a tile takes. */
export const tileBytes = (rows: number): number => 4 * step * (rows + 64);

/** Declarations outside the body: memory, and elements that are 0 beyond the edges. */
export function tiledShared({ rows, a, b, m, n, k, transposeA, transposeB }: TiledProduct): string {
  return /* wgsl */ `
var<workgroup> rowTile: array<vec4f, ${(step * rows) / 4}>; // [k, four rows]
var<workgroup> columnTile: array<vec4f, ${step * 16}>; // [k, four columns]
fn elementOfA(start: u32, row: u32, at: u32, end: u32) -> f32 {
  if (row >= ${m} || at >= end) { return 0.0; }
  return ${a}[start + ${transposeA ? `at * ${m} + row` : `row * ${k} + at`}];
}
fn elementOfB(start: u32, at: u32, column: u32, end: u32) -> f32 {
  if (column >= ${n} || at >= end) { return 0.0; }
  return ${b}[start + ${transposeB ? `column * ${k} + at` : `at * ${n} + column`}];
}`;
}

/** The body of a workgroup that computes tile number `tile`. */
export function tiledBody(product: TiledProduct): string {
  const { rows, m, n, k, transposeA, transposeB, storeRowSum } = product;
  const starts = product.starts ?? { a: "0u", b: "0u", y: "0u" };
  const halves = Array.from({ length: rows / 64 }, (_, half) => half); // 64 rows each
  // neighboring invocations read neighboring elements
  const [kOfA, fourOfA] = transposeA ? ["lane / 16u", "lane % 16u"] : ["lane % 16u", "lane / 16u"];
  const [kOfB, fourOfB] = transposeB ? ["lane % 16u", "lane / 16u"] : ["lane / 16u", "lane % 16u"];
  const four = (element: (t: number) => string) => `vec4f(${[0, 1, 2, 3].map(element).join(", ")})`;
  const each = (line: (half: number, t: number) => string) =>
    halves.flatMap((half) => [0, 1, 2, 3].map((t) => line(half, t))).join("\n");
  return /* wgsl */ `
  let tilesN = (${n} + 63u) / 64u;
  let tilesM = (${m} + ${rows - 1}u) / ${rows}u;
  let n0 = (tile % tilesN) * 64u;
  let m0 = ((tile / tilesN) % tilesM) * ${rows}u;
  let batch = tile / (tilesN * tilesM);
  let aStart = ${starts.a};
  let bStart = ${starts.b};
  let stretch = (${k} + ${step}u * parts - 1u) / (${step}u * parts) * ${step}u; // whole steps
  let end = min(${k}, (part + 1u) * stretch);
  let across = lane % 16u; // its four columns
  let down = lane / 16u; // its four rows
${each((half, t) => `  var y${half}${t} = vec4f(0.0);`)}
${storeRowSum ? halves.map((half) => `  var sum${half} = vec4f(0.0);`).join("\n") : ""}
  for (var k0 = part * stretch; k0 < end; k0 += ${step}u) {
    let kA = k0 + ${kOfA};
    let kB = k0 + ${kOfB};
${halves
  .map((half) => {
    const row = `m0 + ${64 * half}u + 4u * (${fourOfA})`;
    const value = four((t) => `elementOfA(aStart, ${row} + ${t}u, kA, end)`);
    return `    rowTile[(${kOfA}) * ${rows / 4}u + ${16 * half}u + ${fourOfA}] = ${value};`;
  })
  .join("\n")}
    columnTile[(${kOfB}) * 16u + ${fourOfB}] = ${four(
      (t) => `elementOfB(bStart, kB, n0 + 4u * (${fourOfB}) + ${t}u, end)`,
    )};
    workgroupBarrier();
    for (var s = 0u; s < ${step}u; s++) {
      let columns = columnTile[s * 16u + across];
${halves
  .map((half) => `      let rows${half} = rowTile[s * ${rows / 4}u + ${16 * half}u + down];`)
  .join("\n")}
${each((half, t) => `      y${half}${t} += rows${half}[${t}] * columns;`)}
${storeRowSum ? halves.map((half) => `      sum${half} += rows${half};`).join("\n") : ""}
    }
    workgroupBarrier();
  }
${each((half, t) => {
  const row = `m0 + ${64 * half + t}u + 4u * down`;
  const stores = [0, 1, 2, 3].map(
    (u) => `    if (column + ${u}u < ${n}) { store(at + ${u}u, y${half}${t}[${u}]); }`,
  );
  const sum = storeRowSum
    ? `\n    if (n0 + across == 0u) { ${storeRowSum}(${row}, sum${half}[${t}]); }`
    : "";
  return `  if (${row} < ${m}) {
    let column = n0 + 4u * across;
    let at = ${starts.y} + (${row}) * ${n} + column;
${stores.join("\n")}${sum}
  }`;
})}
`;
}
