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
