/**
 * Tensors that share one buffer, so that one launch updates them all: `pack` lays them out, `pieces`
 * names the parts again. Neither moves data if it can be helped: what is packed is computed in its
 * place, and a piece of a computed tensor is the same memory.
 */
import { expectDType } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import { layoutOf } from "./layout.ts";
import { type Shape, showShape } from "./shape.ts";
import { record, type Tensor, wrap } from "./tensor.ts";

/**
 * All elements in one row, f32 [total]: tensor by tensor, each begun anew at a multiple of 64, with
 * zeros between. Packing all pieces of a tensor gives that tensor.
 */
export function pack(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new ShapeError("pack: expected at least one tensor, got none");
  for (const { dtype } of tensors) expectDType("pack", dtype, ["f32"]);
  const { starts, total } = layoutOf(tensors.map(({ shape }) => shape));
  const whole = wholeOfPieces(tensors, starts, total);
  return whole ?? record("pack", joinPieces(tensors), [total], "f32");
}

/** All pieces of a tensor, one after the other, as that tensor: it lies like them. */
function joinPieces(tensors: readonly Tensor[]): Tensor[] {
  const joined: Tensor[] = [];
  for (let first = 0; first < tensors.length; ) {
    const { op, inputs } = tensors[first].expr;
    const [whole] = inputs;
    let end = first + 1;
    while (op === "piece" && tensors[end]?.expr.inputs[0] === whole) end++;
    const run = tensors.slice(first, end);
    const { starts, total } = layoutOf(run.map(({ shape }) => shape));
    const isWhole = op === "piece" && total === whole.shape[0];
    const found = isWhole ? wholeOfPieces(run, starts, total) : null;
    joined.push(...(found ? [found] : run));
    first = end;
  }
  return joined;
}

/** The tensors of these shapes that were packed into `flat`, f32 [total]. */
export function pieces(flat: Tensor, shapes: readonly Shape[]): Tensor[] {
  const { starts, total } = layoutOf(shapes);
  if (flat.rank !== 1 || flat.size !== total)
    throw new ShapeError(`pieces(flat): expected f32 [${total}], got ${showShape(flat.shape)}`);
  return shapes.map((shape, which) =>
    record("piece", [flat], shape, flat.dtype, { values: [starts[which]] }),
  );
}

/** The memory that these are pieces of, one after the other: all of it, or a piece. */
function wholeOfPieces(
  tensors: readonly Tensor[],
  starts: readonly number[],
  total: number,
): Tensor | null {
  const [{ expr: first }] = tensors;
  const [whole] = first.inputs;
  const areNeighbors = tensors.every(
    ({ expr: { op, inputs, values } }, which) =>
      op === "piece" && inputs[0] === whole && values[0] === first.values[0] + starts[which],
  );
  if (!areNeighbors || first.values[0] + total > whole.shape[0]) return null;
  const flat = wrap(whole, tensors);
  if (total === whole.shape[0]) return flat;
  return record("piece", [flat], [total], "f32", { values: [first.values[0]] });
}
