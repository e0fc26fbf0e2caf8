/** How many multiplications a second, on square, rectangular and tall shapes? */
import { matmul } from "../../src/index.ts";
import { filled, runsOf, type Workload } from "../workload.ts";

function product(rows: number, inner: number, columns: number, peer?: string): Workload {
  return {
    name: `matmul ${rows}×${inner}×${columns}`,
    ...(peer && { peer }),
    flops: 2 * rows * inner * columns,
    async prepare() {
      const [a, b] = [filled([rows, inner], 1), filled([inner, columns], 2)];
      return runsOf([a, b], () => matmul(a, b));
    },
  };
}

export const products: readonly Workload[] = [
  product(512, 512, 512, "mm512"),
  product(1024, 128, 512, "mmrect"),
  product(20_000, 64, 64),
];
