import { expect, test } from "vitest";
import { indices, knn, radiusSearch, ShapeError, topk, zeros } from "../../src/index.ts";
import { describeNeighbors } from "../helpers/neighborProperties.ts";

describeNeighbors("js", 40);
describeNeighbors("wasm", 20);

test("what cannot be searched is named", () => {
  const points = zeros([5, 3]);
  const fails = (task: () => unknown, message: string) =>
    expect(task).toThrow(new ShapeError(message));
  fails(() => knn(points, 0), "knn(k): expected 1…128, got 0");
  fails(() => knn(points, 129), "knn(k): expected 1…128, got 129");
  fails(() => knn(zeros([5]), 2), "knn(points): expected [N, D] with D of 1…64, got [5]");
  fails(() => knn(zeros([5, 65]), 2), "knn(points): expected [N, D] with D of 1…64, got [5, 65]");
  fails(
    () => knn(points, 2, { queries: zeros([4, 2]) }),
    "knn(queries): expected [Q, 3], like points, got [4, 2]",
  );
  fails(
    () => knn(points, 2, { maxDistance: -1 }),
    "knn(maxDistance): expected a distance ≥ 0, got -1",
  );
  fails(
    () => radiusSearch(points, Number.NaN),
    "radiusSearch(radius): expected a distance ≥ 0, got NaN",
  );
  fails(
    () => knn(points, 2, { offsets: indices([0, 4, 2, 5]) }),
    "knn(offsets): expected ascending offsets from 0 to 5, got 0, 4, 2, 5",
  );
  fails(
    () => knn(points, 2, { queries: points.add(1), offsets: indices([0, 5]) }),
    "knn: expected offsets of both points and queries, got one of them",
  );
  fails(() => topk(points, 4), "topk(k): expected 1…3, got 4");
  fails(() => topk(zeros([3]), 1), "topk(x): expected [R, F], got [3]");
});
