/**
 * Spells the variants of kernels: one program of whole workgroups, or two where sums are split. The
 * first of those leaves what it has of every result in `partial`, all results one after the other,
 * part after part; the second adds the parts up.
 */
import { elementsIn, type Kernel, type KernelVariant } from "../../kernel.ts";
import type { Program } from "../../program.ts";
import { kernelFrame, storeFunction, storeFunctions, storeName } from "./kernel.ts";
import { wgslModule } from "./module.ts";

const partial = (written: boolean) => ({ name: "partial", type: "f32", written });
const parts = { name: "parts", type: "u32" };
/** `workgroup_id` and `dims` are the same for a whole workgroup, so that barriers may follow. */
const tile = "  var tile = group.y * groups.x + group.x;\n  if (tile >= dims.threads) { return; }";

/** The variant as one launch. */
export function wgslVariant(
  kernel: Kernel,
  variant: KernelVariant,
  finish: Program | null,
): string {
  const { params, inputs, outputs } = kernelFrame(kernel, finish);
  const body = variant.wgsl(kernel.attrs);
  return wgslModule({
    params,
    buffers: [...inputs, ...outputs],
    workgroupSize: variant.workgroupSize,
    functions: `${variant.shared(kernel.attrs)}\n${storeFunctions(kernel, finish, body)}`,
    start: `${tile}\n  const part = 0u;\n  const parts = 1u;`,
    body,
    hasSubgroups: variant.needs === "subgroups",
  });
}

/** The first launch of a variant in parts. */
export function wgslParts(kernel: Kernel, variant: KernelVariant): string {
  const { params, inputs } = kernelFrame(kernel, null);
  const { sizes, total } = resultSizes(kernel);
  const stores = ["store", ...kernel.parts.map(({ name }) => storeName(name))].map(
    (name, which) => {
      const at = ["partBegin", ...sizes.slice(0, which), "i"].join(" + ");
      return storeFunction(name, "f32", `  partial[${at}] = value;\n`).code;
    },
  );
  const memory = `var<private> partBegin: u32;\n${variant.shared(kernel.attrs)}`;
  return wgslModule({
    params: [...params, parts],
    buffers: [...inputs, partial(true)],
    workgroupSize: variant.workgroupSize,
    functions: `${memory}\n${stores.join("\n")}`,
    start: `${tile}
  let parts = dims.parts;
  let part = tile % parts;
  tile = tile / parts;
  partBegin = part * (${total});`,
    body: variant.wgsl(kernel.attrs),
  });
}

/** The second launch: one invocation per element of all results. */
export function wgslSum(kernel: Kernel, finish: Program | null, workgroupSize: number): string {
  const { params, outputs } = kernelFrame(kernel, finish);
  const { sizes, total } = resultSizes(kernel);
  const names = ["store", ...kernel.parts.map(({ name }) => storeName(name))];
  const stores = names.map((name, which) => {
    const begin = ["0u", ...sizes.slice(0, which)].join(" + ");
    return `  if (i >= ${begin} && i < ${begin} + ${sizes[which]}) { ${name}(i - (${begin}), total); }`;
  });
  const body = `  var total = 0.0;
  for (var part = 0u; part < dims.parts; part++) { total += partial[part * (${total}) + i]; }
${stores.join("\n")}
`;
  return wgslModule({
    params: [...params, parts],
    buffers: [partial(false), ...outputs],
    workgroupSize,
    functions: storeFunctions(kernel, finish, body),
    body,
  });
}

/** How many elements each result has, and all of them, as expressions. */
function resultSizes(kernel: Kernel): { sizes: string[]; total: string } {
  const sizes = [kernel.result, ...kernel.parts].map(({ axes }) => elementsIn(axes));
  return { sizes, total: sizes.join(" + ") };
}
