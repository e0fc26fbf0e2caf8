/** How launches are cut for threads: by how much work they are, which decides nothing but speed. */

/** Statements of four elements, or multiply-adds of a kernel: some 20 µs, and many times what a chunk costs. */
const leastWork = 2 ** 16;
/** So that nobody waits long for who was held up. */
const chunksPerThread = 4;
/** Neighboring chunks of the innermost loop keep to rounds of vectors, and to lines of the cache. */
const innermostStep = 64;

/** Which parallel loop to cut, and how many places a chunk has; all of them if it is not to be cut. */
export function chunkOfLoops(
  extents: readonly number[],
  work: number,
  threads: number,
): { axis: number; length: number } {
  const wanted = wantedChunks(work, threads);
  const last = extents.length - 1;
  const most = Math.max(0, ...extents);
  const enough = extents.findIndex((extent) => extent >= wanted);
  const axis = enough < 0 ? extents.indexOf(most) : enough;
  const extent = extents[axis] ?? 1;
  const step = axis === last ? innermostStep : 1;
  return { axis, length: lengthOf(extent, wanted, step) };
}

/** How many units of a kernel are one chunk; `grain` are worth what every chunk does anew. */
export function chunkOf(units: number, work: number, grain: number, threads: number): number {
  const wanted = wantedChunks(work, threads);
  const most = Math.max(threads, Math.floor(units / grain)); // else threads would have nothing to do
  return lengthOf(units, Math.min(wanted, most), 1);
}

const wantedChunks = (work: number, threads: number): number =>
  threads === 1 ? 1 : Math.min(threads * chunksPerThread, Math.floor(work / leastWork));

const lengthOf = (extent: number, chunks: number, step: number): number =>
  chunks <= 1 ? Math.max(1, extent) : step * Math.ceil(extent / chunks / step);
