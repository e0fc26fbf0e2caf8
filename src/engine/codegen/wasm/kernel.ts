/**
 * A hand-written kernel as a module. Its function takes the address of a block of words (sizes,
 * numbers, addresses of operands and results), that of working memory, and the range of units to do.
 */
import { axisNames, type Kernel, type WasmFrame, type WasmSpelling } from "../../kernel.ts";
import { type Local, local, set } from "./code.ts";
import { f32, f32x4, i32 } from "./instructions.ts";
import { assemble, define } from "./module.ts";

/** The words of the block in order. */
export function wasmKernel(
  kernel: Kernel,
  { code }: WasmSpelling,
  { isShared, isRelaxed }: { isShared: boolean; isRelaxed: boolean },
): Uint8Array<ArrayBuffer> {
  const block = local("i32");
  let word = 0;
  const loaded: (readonly [Local, ReturnType<typeof i32.load>])[] = [];
  const next = (type: "i32" | "f32"): Local => {
    const to = local(type);
    loaded.push([to, (type === "i32" ? i32 : f32).load(block, 4 * word++)]);
    return to;
  };
  const named = (names: readonly string[], type: "i32" | "f32") =>
    Object.fromEntries(names.map((name) => [name, next(type)]));
  const frame: WasmFrame = {
    dims: named(axisNames(kernel), "i32"),
    numbers: named(kernel.numbers ?? [], "f32"),
    at: named(
      [...kernel.operands.map(({ name }) => name), "y", ...kernel.parts.map(({ name }) => name)],
      "i32",
    ),
    multiplyAdd: isRelaxed
      ? f32x4.relaxedMultiplyAdd
      : (x, y, sum) => f32x4.add(sum, f32x4.mul(x, y)),
    scratch: local("i32"),
    from: local("i32"),
    to: local("i32"),
  };
  const body = code(frame, kernel.attrs);
  const start = loaded.map(([to, value]) => set(to, value));
  return assemble({
    imports: [],
    functions: [define("run", [block, frame.scratch, frame.from, frame.to], [start, body])],
    isShared,
  });
}
