/**
 * Random graphs of many ops, some values used more than once. A seed fixes the structure; the sizes
 * of the axes are given apart, so that one structure can be run on several sizes.
 */
import { concat, type DType, gather, matmul, softmax } from "../../src/index.ts";
import { type Draw, randomFrom } from "./generate.ts";
import * as oracle from "./oracle.ts";
import { computed, elementwise, leaf, moved, type Sample, summed } from "./samples.ts";

/** An axis; two axes of one identity have the same size, whatever it is. */
interface Axis {
  size: number;
}
interface Node {
  sample: Sample;
  axes: readonly Axis[];
}

const one: Axis = { size: 1 };
const slopeOne = ["neg", "abs", "relu", "tanh", "sigmoid", "erf"] as const; // and others, at most 1.13
const largest = 30; // above that, values are squashed: products and sums must not run away

/** The last value and some earlier ones, as outputs of one computation. */
export function randomGraph(
  seed: number,
  {
    dtype,
    steps,
    sizes,
  }: { dtype: "f32" | "i32" | "u32"; steps: number; sizes: readonly number[] },
): Sample[] {
  const graph = new Builder(seed, dtype, sizes);
  for (let step = 0; step < steps; step++) graph.grow();
  return graph.outputs();
}

class Builder {
  private readonly random: Draw;
  private readonly data: Draw;
  private readonly dtype: "f32" | "i32" | "u32";
  private readonly sizes: readonly Axis[];
  private readonly nodes: Node[] = [];
  private readonly mayBeEmpty: boolean;

  constructor(seed: number, dtype: "f32" | "i32" | "u32", sizes: readonly number[]) {
    this.random = randomFrom(seed);
    this.data = randomFrom(seed + 1); // apart, because how many elements there are is no structure
    this.dtype = dtype;
    this.sizes = sizes.map((size) => ({ size }));
    this.mayBeEmpty = sizes.includes(0);
    const rank = 1 + this.below(3);
    this.add(this.stored(Array.from({ length: rank }, () => this.pick(this.sizes))));
  }

  outputs(): Sample[] {
    const others = this.nodes.filter(() => this.random() < 0.15).map(({ sample }) => sample);
    return [...new Set([...others, this.nodes.at(-1)!.sample])];
  }

  /** One more op, on a recent value mostly. */
  grow(): void {
    const recent = Math.floor(this.nodes.length * this.random() ** 0.4);
    const x = this.squashed(this.nodes[recent]!);
    const grown = this.pick(this.choices())(x);
    if (grown && grown.axes.length <= 4 && oracle.count(grown.sample.value.shape) <= 400)
      this.add(grown);
  }

  private choices(): ((x: Node) => Node | null)[] {
    const any = [
      this.unary,
      this.binary,
      this.binary,
      this.binary,
      this.scalar,
      this.permute,
      this.slice,
      this.pad,
      this.reshape,
      this.expand,
      this.concat,
      this.gather,
      this.sum,
      this.sum,
      this.compare,
    ];
    if (this.dtype === "f32") any.push(this.softmax, this.matmul, this.matmul);
    if (!this.mayBeEmpty) any.push(this.max);
    return any.map((choice) => choice.bind(this));
  }

  private below = (n: number): number => Math.floor(this.random() * n);
  private pick = <T>(choices: readonly T[]): T => choices[this.below(choices.length)]!;
  private add = (node: Node): void => void this.nodes.push(node);

  private stored(axes: readonly Axis[], dtype: DType = this.dtype): Node {
    const element = (): number => {
      const x = this.data();
      if (dtype === "bool") return x < 0.5 ? 0 : 1;
      if (dtype === "u32") return Math.floor(x * 2 ** 32);
      return dtype === "i32" ? Math.floor((x - 0.5) * 2 ** 32) : Math.fround(2 * x - 1);
    };
    const shape = axes.map(({ size }) => size);
    return { axes, sample: leaf(oracle.fill(shape, dtype, element)) };
  }

  private squashed(x: Node): Node {
    if (this.dtype !== "f32" || x.sample.value.data.every((v) => Math.abs(v) < largest)) return x;
    return this.apply("tanh", [x], (t) => t[0]!.tanh());
  }

  private apply(op: string, nodes: readonly Node[], build: Sample["build"]): Node {
    const inputs = nodes.map(({ sample }) => sample);
    const dtype = inputs.at(-1)!.value.dtype;
    const value = oracle.elementwise(
      op,
      dtype,
      inputs.map((x) => x.value),
    );
    const axes = nodes.map((node) => node.axes).reduce(broadcastAxes);
    return { axes, sample: elementwise(op, inputs, build, value) };
  }

  private unary(x: Node): Node {
    if (this.dtype === "u32") return this.scalar(x);
    const op = this.dtype === "i32" ? this.pick(["neg", "abs"] as const) : this.pick(slopeOne);
    return this.apply(op, [x], ([t]) => t![op]());
  }

  /** With another value of fitting axes, or a new one of some of x's axes. */
  private binary(x: Node): Node {
    const op = this.pick(["add", "sub", "mul", "maximum", "minimum"] as const);
    const fitting = this.nodes.filter(({ axes }) => fits(axes, x.axes));
    const isNew = op === "mul" || this.random() < 0.4;
    const axes = x.axes.map((axis) => (this.random() < 0.3 ? one : axis));
    const y = isNew ? this.stored(axes.slice(this.below(axes.length + 1))) : this.pick(fitting);
    return this.apply(op, [x, y], ([t, u]) => t![op](u!));
  }

  private scalar(x: Node): Node {
    const number = this.dtype === "f32" ? 0.75 : 3;
    const y = leaf({ shape: [], dtype: this.dtype, data: [number] });
    const op = this.pick(["add", "mul"] as const);
    return this.apply(op, [x, { sample: y, axes: [] }], ([t]) => t![op](number));
  }

  /** condition ? x : y, where the condition is stored, or follows from integers. */
  private compare(x: Node): Node {
    const y = this.stored(x.axes);
    const condition = this.dtype === "f32" ? this.stored(x.axes, "bool") : this.less(x, y);
    return this.apply("select", [condition, x, y], ([c, t, u]) => c!.select(t!, u!));
  }

  private less(x: Node, y: Node): Node {
    const inputs = [x.sample, y.sample];
    const values = inputs.map(({ value }) => value);
    const value = oracle.elementwise("less", "bool", values);
    return { axes: x.axes, sample: computed("less", inputs, ([t, u]) => t!.less(u!), value) };
  }

  private permute({ sample, axes }: Node): Node {
    const order = axes.map((_, axis) => axis);
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return {
      axes: order.map((axis) => axes[axis]!),
      sample: moved(
        `permute[${order}]`,
        [sample],
        ([t]) => t!.permute(order),
        ([v]) => oracle.permute(v!, order),
      ),
    };
  }

  /** Backwards, every other one, all but the first, or the first alone, which broadcasts. */
  private slice({ sample, axes }: Node): Node | null {
    if (axes.length === 0) return null;
    const axis = this.below(axes.length);
    const kind = this.below(4);
    const { size } = axes[axis]!;
    if (kind === 3 && size === 0) return null;
    const ranges: (oracle.Range | null)[] = axes.map(() => null);
    const choices: oracle.Range[] = [
      [size - 1, -1, -1],
      [0, size, 2],
      [Math.min(1, size), size, 1],
      [0, 1, 1],
    ];
    ranges[axis] = choices[kind]!;
    const halved = { size: Math.ceil(size / 2) };
    const changed = [axes[axis]!, halved, { size: Math.max(0, size - 1) }, one];
    if (changed[kind]!.size === 0 && !this.mayBeEmpty) return null;
    return {
      axes: axes.with(axis, changed[kind]!),
      sample: moved(
        `slice${JSON.stringify(ranges)}`,
        [sample],
        ([t]) => t!.slice(ranges),
        ([v]) => oracle.slice(v!, ranges),
      ),
    };
  }

  private pad({ sample, axes }: Node): Node | null {
    if (axes.length === 0) return null;
    const axis = this.below(axes.length);
    const widths = axes.map((_, a): [number, number] => (a === axis ? [1, 2] : [0, 0]));
    return {
      axes: axes.with(axis, { size: axes[axis]!.size + 3 }),
      sample: moved(
        `pad${JSON.stringify(widths)}`,
        [sample],
        ([t]) => t!.pad(widths, 1),
        ([v], isError) => oracle.pad(v!, widths, isError ? 0 : 1),
      ),
    };
  }

  /** All axes into one, two into one, or a new one of size 1. */
  private reshape({ sample, axes }: Node): Node {
    const kind = this.below(3);
    const at = this.below(axes.length + 1);
    const merge = (list: readonly Axis[]): Axis => ({
      size: oracle.count(list.map((a) => a.size)),
    });
    const changed = [
      [merge(axes)],
      [...axes.slice(0, at), merge(axes.slice(at, at + 2)), ...axes.slice(at + 2)],
      [...axes.slice(0, at), one, ...axes.slice(at)],
    ][kind]!;
    const shape = changed.map(({ size }) => size);
    return {
      axes: changed,
      sample: moved(
        `reshape[${shape}]`,
        [sample],
        ([t]) => t!.reshape(shape),
        ([v]) => oracle.reshape(v!, shape),
      ),
    };
  }

  /** A new axis in front. */
  private expand({ sample, axes }: Node): Node {
    const changed = [this.pick(this.sizes), ...axes];
    const shape = changed.map(({ size }) => size);
    return {
      axes: changed,
      sample: moved(
        `expand[${shape}]`,
        [sample],
        ([t]) => t!.expand(shape),
        ([v]) => oracle.expand(v!, shape),
      ),
    };
  }

  private concat(x: Node): Node | null {
    if (x.axes.length === 0) return null;
    const same = this.nodes.filter(({ axes }) => fits(axes, x.axes) && fits(x.axes, axes));
    const parts = [x, this.pick(same), this.stored(x.axes)];
    const axis = this.below(x.axes.length);
    return {
      axes: x.axes.with(axis, { size: 3 * x.axes[axis]!.size }),
      sample: moved(
        `concat[${axis}]`,
        parts.map(({ sample }) => sample),
        (tensors) => concat(tensors, axis),
        (values) => oracle.concat(values, axis),
      ),
    };
  }

  private gather({ sample, axes }: Node): Node | null {
    if (axes.length === 0 || this.mayBeEmpty) return null;
    const wanted = this.pick(this.sizes);
    const rows = Array.from({ length: wanted.size }, () => Math.floor(this.data() * axes[0]!.size));
    const numbers = leaf({ shape: [wanted.size], dtype: "u32", data: rows });
    return {
      axes: [wanted, ...axes.slice(1)],
      sample: moved(
        "gather",
        [sample, numbers],
        ([t, r]) => gather(t!, r!),
        ([v]) => oracle.gather(v!, numbers.value),
      ),
    };
  }

  private sum(x: Node): Node | null {
    return this.reduced(x, "sum");
  }
  private max(x: Node): Node | null {
    return this.reduced(x, this.pick(["max", "min"] as const));
  }

  private reduced({ sample, axes }: Node, op: "sum" | "max" | "min"): Node | null {
    if (axes.length === 0) return null;
    const over = axes.map((_, axis) => axis).filter(() => this.random() < 0.5);
    if (over.length === 0) over.push(axes.length - 1);
    const keepAxes = this.random() < 0.5;
    const reduce = (v: oracle.Value, by = op) => oracle.reduce(by, v, over, keepAxes);
    const length = oracle.count(over.map((axis) => axes[axis]!.size));
    const kept = axes.map((axis, a) => (over.includes(a) ? one : axis));
    const value = reduce(sample.value);
    return {
      axes: keepAxes ? kept : axes.filter((_, axis) => !over.includes(axis)),
      sample: computed(
        `${op}[${over}]`,
        [sample],
        ([t]) => t![op]({ axes: over, keepAxes }),
        value,
        ([errors], accuracy) => {
          if (this.dtype !== "f32") return value.data.map(() => 0);
          const bounds = { ...sample.value, data: errors! };
          if (op !== "sum") return reduce(bounds, "max").data;
          return summed(reduce(magnitude(sample.value)), reduce(bounds), length, accuracy);
        },
      ),
    };
  }

  private softmax({ sample, axes }: Node): Node | null {
    if (axes.length === 0) return null;
    const axis = this.below(axes.length);
    const value = oracle.softmax(sample.value, axis);
    return {
      axes,
      sample: computed(
        `softmax[${axis}]`,
        [sample],
        ([t]) => softmax(t!, axis),
        value,
        ([errors], { unit }) => {
          // a row shifts by twice its greatest error at most; 2 · largest is the range of a row
          const carried = 2 * Math.max(0, ...errors!);
          const local = (6 * largest + 4 + axes[axis]!.size) * unit;
          return value.data.map((y) => y * 2 * (Math.expm1(carried) + local));
        },
      ),
    };
  }

  /** x [.., M, K] · new [N, K]ᵀ or [K, N]. */
  private matmul({ sample, axes }: Node): Node | null {
    if (axes.length < 2) return null;
    const inner = axes.at(-1)!;
    const columns = this.pick(this.sizes);
    const transposeB = this.random() < 0.5;
    const { sample: b } = this.stored(transposeB ? [columns, inner] : [inner, columns]);
    const straight = (v: oracle.Value) => (transposeB ? oracle.permute(v, [1, 0]) : v);
    const value = oracle.matmul(sample.value, straight(b.value));
    return {
      axes: axes.with(-1, columns),
      sample: computed(
        "matmul",
        [sample, b],
        ([x, y]) => matmul(x!, y!, { transposeB }),
        value,
        ([errors], accuracy) => {
          const other = straight(magnitude(b.value));
          const carried = oracle.matmul({ ...sample.value, data: errors! }, other);
          const size = oracle.matmul(magnitude(sample.value), other);
          return summed(size, carried, 2 * inner.size, accuracy);
        },
      ),
    };
  }
}

const magnitude = (x: oracle.Value): oracle.Value => ({ ...x, data: x.data.map(Math.abs) });

/** Whether axes broadcast to others by identity. */
const fits = (axes: readonly Axis[], to: readonly Axis[]): boolean =>
  axes.length <= to.length &&
  axes.every((axis, a) => axis === one || axis === to[a + to.length - axes.length]);

function broadcastAxes(a: readonly Axis[], b: readonly Axis[]): readonly Axis[] {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const skipped = long.length - short.length;
  return long.map((axis, i) => {
    const other = i < skipped ? one : short[i - skipped]!;
    return axis === one ? other : axis;
  });
}
