/** Comparing labels when only who is together with whom matters. */

/** Labels renumbered 0, 1, … in order of first appearance; −1 stays. */
export function asPartition(labels: ArrayLike<number>): number[] {
  const numbers = new Map<number, number>([[-1, -1]]);
  return Array.from(labels, (label) => {
    if (!numbers.has(label)) numbers.set(label, numbers.size - 1);
    return numbers.get(label)!;
  });
}

/** Adjusted Rand index, Hubert and Arabie 1985 (doi:10.1007/BF01908075); noise counts as one set. */
export function adjustedRand(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = (n: number) => (n * (n - 1)) / 2;
  const sumPairs = (keys: string[]) => {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return [...counts.values()].reduce((sum, n) => sum + pairs(n), 0);
  };
  const inA = sumPairs(Array.from(a, String));
  const inB = sumPairs(Array.from(b, String));
  const inBoth = sumPairs(Array.from(a, (label, i) => `${label} ${b[i]}`));
  const expected = (inA * inB) / Math.max(1, pairs(a.length));
  const highest = (inA + inB) / 2;
  return highest === expected ? 1 : (inBoth - expected) / (highest - expected);
}
