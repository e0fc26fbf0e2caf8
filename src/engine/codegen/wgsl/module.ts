/** The frame of a WGSL compute shader. */
import type { ValueType } from "../../program.ts";
import { wgslHelpers } from "./math.ts";

/** How a type is written; f16 is for storage. */
export const typeName = (type: ValueType): string =>
  type === "index" ? "u32" : type === "f16" ? "f32" : type;
/** bool has no storage form. */
export const storedName = (type: ValueType): string => (type === "bool" ? "u32" : typeName(type));

/**
 * The frame that generated programs and hand-written kernels share. `params` become members of the
 * uniform `dims`, `body` sees its invocation as `i`, below `dims.threads`, or what `start` says.
 */
export interface WgslModule {
  params: readonly { name: string; type: string }[];
  buffers: readonly { name: string; type: string; written: boolean }[];
  workgroupSize: number;
  body: string;
  /** Further functions that the body calls. */
  functions?: string;
  /** Which part of the work this invocation does; it returns if there is none. */
  start?: string;
  /** Whether it calls operations of subgroups. */
  hasSubgroups?: boolean;
}

/** What functions know of their subgroup. */
const subgroups = {
  enable: "enable subgroups;\n",
  memory: "var<private> subgroupLane: u32;\nvar<private> subgroupSize: u32;\n",
  builtins: `,
        @builtin(subgroup_invocation_id) laneOfSubgroup: u32, @builtin(subgroup_size) sizeOfSubgroup: u32`,
  start: "  subgroupLane = laneOfSubgroup;\n  subgroupSize = sizeOfSubgroup;\n",
};
const noSubgroups = { enable: "", memory: "", builtins: "", start: "" };

export function wgslModule(module: WgslModule): string {
  const { params, buffers, workgroupSize, body, functions = "" } = module;
  const own = module.hasSubgroups ? subgroups : noSubgroups;
  const start =
    module.start ??
    `  let i = (group.y * groups.x + group.x) * ${workgroupSize}u + lane;
  if (i >= dims.threads) { return; }`;
  const members = [...params, { name: "threads", type: "u32" }, { name: "rank", type: "u32" }];
  const bindings = buffers.map(
    ({ name, type, written }, slot) =>
      `@group(0) @binding(${slot + 1}) var<storage, ${written ? "read_write" : "read"}> ${name}: array<${type}>;`,
  );
  const enables = buffers.some(({ type }) => type === "f16") ? "enable f16;\n" : "";
  return `${enables}${own.enable}struct Dims {
${members.map(({ name, type }) => `  ${name}: ${type},`).join("\n")}
}
@group(0) @binding(0) var<uniform> dims: Dims;
${bindings.join("\n")}
${wgslHelpers(body + functions)}
${own.memory}${functions}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32${own.builtins}) {
${own.start}${start}
${body}}
`;
}
