/** Disjoint sets as parent pointers: parent[x] = x marks the representative of a set. */
export function singletons(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, x) => x);
}

/** The representative of x's set; halves the path on the way. */
export function find(parent: Int32Array, x: number): number {
  while (parent[x] !== x) {
    parent[x] = parent[parent[x]];
    x = parent[x];
  }
  return x;
}

/** Joins the sets of x and y; the lower representative stays, so that it is the lowest member. */
export function unite(parent: Int32Array, x: number, y: number): void {
  const a = find(parent, x);
  const b = find(parent, y);
  parent[Math.max(a, b)] = Math.min(a, b);
}

/** Numbers the sets 0, 1, … by their lowest member, if only `unite` joined them: i32 [size]. */
export function numberSets(parent: Int32Array): Int32Array {
  const labels = new Int32Array(parent.length);
  let numSets = 0;
  for (let x = 0; x < parent.length; x++) {
    const lowest = find(parent, x);
    labels[x] = lowest === x ? numSets++ : labels[lowest];
  }
  return labels;
}
