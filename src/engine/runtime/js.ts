/** The `js` backend: generated loops over typed arrays, in f32 or, as the oracle of tests, in f64. */
import { type JsFunction, jsFunction, jsSource } from "../codegen/js.ts";
import {
  arrayOver,
  type DType,
  type HostArray,
  type Precision,
  packInto,
  type StoredArray,
  unpack,
} from "../dtype.ts";
import { env } from "../env.ts";
import { OutOfMemoryError } from "../errors.ts";
import type { DeviceBuffer } from "../expr.ts";
import type { Kernel } from "../kernel.ts";
import type { Program, ValueType } from "../program.ts";
import { type Backend, type Command, type Executable, showPurpose } from "./backend.ts";
import { inOrder } from "./inOrder.ts";
import { timed } from "./pipeline.ts";
import { RecentlyUsed } from "./recentlyUsed.ts";
import { type Reference, referenceOf } from "./reference.ts";

interface JsBuffer extends DeviceBuffer {
  memory: ArrayBuffer;
  start: number;
  whole?: JsBuffer;
}
interface Made {
  source: string;
  run: JsFunction;
  dtypes: readonly DType[];
  paramTypes: readonly ValueType[];
}
type JsExecutable = Executable & Made;

const mostPrograms = 4096; // kept for reuse

export function jsBackend(precision: Precision): Backend {
  const compiled = new RecentlyUsed<Promise<JsExecutable>>(mostPrograms);
  let pipelines = 0;

  const view = (buffer: DeviceBuffer, dtype: DType): StoredArray => {
    const { memory, start, bytes } = buffer as JsBuffer;
    return arrayOver(dtype, memory, precision, start, bytes);
  };

  /** Constants are as precise as what they meet, else 0.1 would not equal a stored 0.1. */
  const rounded = (param: number, type: ValueType): number =>
    precision === "f32" && type === "f32" ? Math.fround(param) : param;

  const runOne = ({ executable, buffers, params }: Command): undefined => {
    const { run, dtypes, paramTypes } = executable as JsExecutable;
    run(
      buffers.map((buffer, slot) => view(buffer, dtypes[slot])),
      params.map((param, which) => rounded(param, paramTypes[which])),
    );
  };

  const cached = (text: string, label: string, make: () => Made): Promise<JsExecutable> => {
    const known = compiled.get(text);
    if (known) return known;
    const executable = timed({ label, text }, make).then(({ made, pipeline }) => ({
      ...made,
      label,
      pipelines: [pipeline],
    }));
    compiled.set(text, executable);
    pipelines++;
    return executable;
  };

  return {
    name: "js",
    description:
      precision === "f64" ? "generated JavaScript, double precision" : "generated JavaScript",
    precision,
    limits: { inputs: 64, bufferBytes: 2 ** 32, bindingBytes: 2 ** 32, bindingAlign: 4 },
    lanes: () => 0,
    createBuffer(bytes, purpose): JsBuffer {
      try {
        return { bytes, start: 0, memory: new ArrayBuffer(bytes) };
      } catch {
        throw new OutOfMemoryError(
          `js(${purpose.label}): expected memory for ${bytes} B, got none (${showPurpose(purpose)})`,
        );
      }
    },
    destroyBuffer: () => {},
    slice(buffer, start, bytes): JsBuffer {
      const part = buffer as JsBuffer;
      return { ...part, bytes, start: part.start + start, whole: part.whole ?? part };
    },
    storesF16: true,
    upload: (buffer, data, dtype) => packInto(view(buffer, dtype), data),

    read(buffer, dtype, count) {
      return Promise.resolve(unpack(view(buffer, dtype), dtype, count, precision));
    },

    compileProgram: (program: Program, label: string) => {
      const source = jsSource(program);
      const dtypes = program.buffers.map(({ dtype }) => dtype);
      const paramTypes = program.params.map(({ type }) => type);
      return cached(`${dtypes} ${paramTypes}\n${source}`, label, () => {
        if (env.debug() >= 4) console.error(`${label}\n${source}`);
        return { source, run: jsFunction(source), dtypes, paramTypes };
      });
    },

    compileKernel: (kernel, finish) => {
      const source = finish ? jsSource(finish) : "";
      const reference = referenceOf(kernel, finish);
      const paramTypes = [
        ...reference.paramTypes,
        ...(finish?.params.map(({ type }) => type) ?? []),
      ];
      const { name, attrs } = kernel;
      const text = `${name} ${JSON.stringify(attrs)} ${reference.dtypes} ${paramTypes}\n${source}`;
      return cached(text, name, () => ({
        source: `${kernel.reference}${source ? `\n// then\n${source}` : ""}`,
        run: finished(kernel, reference, finish && jsFunction(source)),
        dtypes: reference.dtypes,
        paramTypes,
      }));
    },

    get pipelines() {
      return pipelines;
    },

    ...inOrder(runOne),
  };
}

/** A kernel's plain loops, and what finishes its results in place, called like a generated function. */
function finished(
  { operands }: Kernel,
  { run, paramTypes }: Reference,
  finishing: JsFunction | null,
): JsFunction {
  return (buffers, params) => {
    run(buffers as HostArray[], params); // no kernel has f16
    finishing?.(buffers.slice(operands.length), params.slice(paramTypes.length));
  };
}
