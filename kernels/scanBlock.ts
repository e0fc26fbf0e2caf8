/** Which elements of an axis N, cut into G blocks of ⌈N/G⌉, belong to invocation i: one block of one row. */
export const ownBlock = /* wgsl */ `
  let inner = i % dims.I;
  let block = (i / dims.I) % dims.G;
  let outer = i / (dims.I * dims.G);
  let length = (dims.N + dims.G - 1u) / dims.G;
  let end = min((block + 1u) * length, dims.N);`;

/** Position in x and y of element p of the running order. */
export const elementAt = (reverse: unknown): string =>
  `(outer * dims.N + ${reverse ? "dims.N - 1u - p" : "p"}) * dims.I + inner`;
