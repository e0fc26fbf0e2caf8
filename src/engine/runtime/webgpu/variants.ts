/** The variants of kernels that an adapter can run, and which of them sizes call for. */
import { wgslParts, wgslSum, wgslVariant } from "../../codegen/wgsl/variant.ts";
import { DeviceError } from "../../errors.ts";
import type { DeviceBuffer } from "../../expr.ts";
import { axisNames, type Dims, elements, type Kernel, type KernelVariant } from "../../kernel.ts";
import type { Program } from "../../program.ts";
import type { Command } from "../backend.ts";
import type { GpuExecutable, Shader } from "./pipelines.ts";

/** What decides which variants are compiled. */
export interface Adapter {
  isSoftware: boolean;
  /** Greatest workgroup, and bytes of memory that one may share. */
  workgroupSize: number;
  sharedBytes: number;
  hasSubgroups: boolean;
  /** Variants to run whatever the adapter and the sizes, by kernel: for tests and measurements. */
  forced: Readonly<Record<string, string>>;
}

interface Way {
  variant: KernelVariant;
  whole: GpuExecutable;
  /** In parts, and what adds them up. */
  parts: { first: GpuExecutable; sum: GpuExecutable } | null;
}

/** A kernel with its variants, best first. */
export interface VariantExecutable extends GpuExecutable {
  kernel: Kernel;
  ways: readonly Way[];
}

/** A command on its way to the queue. */
export type Dispatch = Command & { groups: number };

export async function withVariants(
  kernel: Kernel,
  finish: Program | null,
  {
    adapter,
    own,
    compile,
  }: {
    adapter: Adapter;
    own: Shader;
    compile: (shader: Shader) => Promise<GpuExecutable>;
  },
): Promise<GpuExecutable> {
  const chosen = variantsFor(kernel, adapter);
  const executable = await compile(own);
  if (chosen.length === 0) return executable;
  const ways = chosen.map(async (variant): Promise<Way> => {
    const label = `${kernel.name} ${variant.name}`;
    const whole = { ...own, label, code: wgslVariant(kernel, variant, finish) };
    return {
      variant,
      whole: await compile(whole),
      parts: variant.parts ? await compileParts(kernel, variant, finish, { own, compile }) : null,
    };
  });
  const compiled = await Promise.all(ways);
  const further = compiled.flatMap(({ whole, parts }) =>
    parts ? [whole, parts.first, parts.sum] : [whole],
  );
  const pipelines = [executable, ...further].flatMap((each) => each.pipelines);
  return { ...executable, pipelines, kernel, ways: compiled } as VariantExecutable;
}

async function compileParts(
  kernel: Kernel,
  variant: KernelVariant,
  finish: Program | null,
  { own, compile }: { own: Shader; compile: (shader: Shader) => Promise<GpuExecutable> },
): Promise<NonNullable<Way["parts"]>> {
  const numInputs = kernel.operands.length;
  const numNumbers = axisNames(kernel).length + (kernel.numbers ?? []).length;
  const first = {
    label: `${kernel.name} ${variant.name} parts`,
    code: wgslParts(kernel, variant),
    access: `${own.access.slice(0, numInputs)}w`,
    paramTypes: [...own.paramTypes.slice(0, numNumbers), "index" as const],
  };
  const sum = {
    label: `${kernel.name} ${variant.name} sum`,
    code: wgslSum(kernel, finish, sumSize),
    access: `r${own.access.slice(numInputs)}`,
    paramTypes: [...own.paramTypes, "index" as const],
  };
  const [compiledFirst, compiledSum] = await Promise.all([compile(first), compile(sum)]);
  return { first: compiledFirst, sum: compiledSum };
}

const sumSize = 64; // invocations per workgroup that add parts up

function variantsFor(kernel: Kernel, adapter: Adapter): readonly KernelVariant[] {
  const { variants = [] } = kernel;
  const forced = forcedFor(kernel, adapter);
  const hasAll = ({ needs }: KernelVariant) => needs !== "subgroups" || adapter.hasSubgroups;
  if (forced !== undefined) {
    const wanted = variants.filter(({ name }) => name === forced);
    if (!wanted.every(hasAll))
      throw new DeviceError(
        `webgpu(${kernel.name} ${forced}): expected an adapter with subgroups, got one without (use another variant)`,
      );
    return wanted;
  }
  if (adapter.isSoftware) return [];
  return variants.filter(
    (variant) =>
      hasAll(variant) &&
      variant.workgroupSize <= adapter.workgroupSize &&
      variant.sharedBytes <= adapter.sharedBytes,
  );
}

/** What a command's sizes call for. */
interface Choice {
  way: Way;
  dims: Dims;
  /** Into how many parts sums are split, and the elements of one part. */
  parts: number;
  elements: number;
}

const forcedFor = ({ name, variant }: Kernel, { forced }: Adapter): string | undefined =>
  variant ?? forced[name];

function choose({ executable, params }: Command, adapter: Adapter): Choice | null {
  const { kernel, ways } = executable as VariantExecutable;
  if (!ways) return null;
  const names = [...axisNames(kernel), ...(kernel.numbers ?? [])];
  const dims = Object.fromEntries(names.map((name, which) => [name, params[which]]));
  const way = ways.find(
    ({ variant }) => variant.name === forcedFor(kernel, adapter) || variant.suits(dims),
  );
  if (!way) return null;
  const results = [kernel.result, ...kernel.parts];
  const count = results.reduce((total, { axes }) => total + elements(axes, dims), 0);
  return { way, dims, parts: way.parts ? (way.variant.parts?.(dims) ?? 1) : 1, elements: count };
}

/** Of a command whose sums are split: two launches, and bytes for the parts. */
export function stepsOf(command: Command, adapter: Adapter): { launches: number; bytes: number } {
  const choice = choose(command, adapter);
  if (!choice || choice.parts === 1) return { launches: 1, bytes: 0 };
  return { launches: 2, bytes: 4 * choice.parts * choice.elements };
}

/** One or two dispatches for a command. */
export function dispatchesOf(
  command: Command,
  adapter: Adapter,
  workgroupSize: number,
): Dispatch[] {
  const choice = choose(command, adapter);
  if (!choice) return [{ ...command, groups: Math.ceil(command.threads / workgroupSize) }];
  const { way, dims, parts, elements } = choice;
  const groups = way.variant.workgroups(dims);
  if (parts === 1 || !way.parts)
    return [{ ...command, executable: way.whole, threads: groups, groups }];
  const { first, sum } = way.parts;
  const numInputs = first.access.length - 1;
  const { buffers, params } = command;
  const between = command.between as DeviceBuffer;
  return [
    {
      ...command,
      executable: first,
      buffers: [...buffers.slice(0, numInputs), between],
      params: [...params.slice(0, first.paramTypes.length - 1), parts],
      threads: groups * parts,
      groups: groups * parts,
    },
    {
      ...command,
      executable: sum,
      buffers: [between, ...buffers.slice(numInputs)],
      params: [...params, parts],
      threads: elements,
      groups: Math.ceil(elements / sumSize),
    },
  ];
}
