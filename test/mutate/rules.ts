/** Every rule of differentiation, and the place that holds it. */
import { indexed, throughComposition } from "../../src/engine/autograd.ts";
import { allComposites, type Composite } from "../../src/engine/composite.ts";
import { binary, type ElementwiseOp, ternary, unary } from "../../src/engine/ops/elementwise.ts";
import { movement } from "../../src/engine/ops/movement.ts";
import { reduce } from "../../src/engine/ops/reduce.ts";
import { Tensor } from "../../src/index.ts";

export type Gradient = Tensor | null;
// biome-ignore lint/suspicious/noExplicitAny: the tables differ in what they hand to a rule
export type Grad = (...of: any[]) => Gradient | Gradient[];

export interface Rule {
  /** Table and op. */
  name: string;
  op: string;
  /** Absent where no gradient flows. */
  grad: Grad | undefined;
  /** Lets autograd use another rule. */
  put: (grad: Grad | undefined) => void;
  /** How many gradients it has, null where there is none; found out while checks run. */
  parts: boolean[];
}

type Row = { grad?: Grad };

function ruleIn(table: string, op: string, row: Row, grad = row.grad): Rule {
  const put = (other: Grad | undefined) => {
    if (other) row.grad = other;
    else delete row.grad;
  };
  return { name: `${table} ${op}`, op, grad, put, parts: [] };
}

/** Rows of floats without a rule count as rules: that nothing flows is a derivative too. */
const passesFloats = ({ takes, gives = "f32" }: ElementwiseOp) =>
  takes.includes("f32") && gives === "f32";

export function listRules(): Rule[] {
  const rows = (table: string, of: object, wanted: (row: never) => boolean): Rule[] =>
    Object.entries(of)
      .filter(([, row]) => row.grad || wanted(row as never))
      .map(([op, row]) => ruleIn(table, op, row));
  return [
    ...rows("unary", unary, passesFloats),
    ...rows("binary", binary, passesFloats),
    ...rows("ternary", ternary, passesFloats),
    ...rows("movement", movement, () => false),
    ...rows("reduce", reduce, () => false),
    ...Object.keys(indexed).map((op) => ruleOfIndexed(op)),
    ...allComposites()
      .filter(({ dtype = "f32" }) => dtype === "f32")
      .map((composite) => ruleOfComposite(composite)),
  ];
}

function ruleOfIndexed(op: string): Rule {
  const table = indexed as Record<string, Grad>;
  const put = (grad: Grad | undefined) => {
    table[op] = grad as Grad;
  };
  return { name: `indexed ${op}`, op, grad: table[op], put, parts: [] };
}

/** A composite without a rule has that of its composition. */
function ruleOfComposite(composite: Composite): Rule {
  const row = composite as Row;
  const rule = ruleIn("composite", composite.name, row);
  if (rule.grad) return rule;
  const composed: Grad = (dy, _inputs, _y, expr, dParts) => throughComposition(dy, expr, dParts);
  return { ...rule, grad: composed };
}

/** Calls back whenever the rule is used. Returns what restores it. */
export function watch(rule: Rule, onUse: () => void): () => void {
  const { grad } = rule;
  if (!grad) return () => {};
  rule.put((...of) => {
    onUse();
    const result = grad(...of);
    const parts = result instanceof Tensor ? [result] : (result as Gradient[]);
    for (const [which, part] of parts.entries()) rule.parts[which] ||= part !== null;
    return result;
  });
  return () => rule.put(grad);
}
