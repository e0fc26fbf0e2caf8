/** Smooth activations whose gradients are computed again from x: nothing but x is kept for them. */
import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { Tensor, wrap } from "../tensor.ts";

const [slope, cubic] = [Math.sqrt(2 / Math.PI), 0.044715]; // of the tanh form, fitted to Φ

/** y = x σ(x) */
const siluOf = defineComposite({
  name: "silu",
  shape: ([x]) => x.shape,
  compose: ([x]) => new Tensor(x).mul(new Tensor(x).sigmoid()).expr,
  grad: (dy, [x]) => {
    const gate = x.sigmoid();
    return [dy.mul(gate.add(x.mul(gate).mul(gate.neg().add(1))))];
  },
});

/** y = x Φ(x), or with Φ(x) ≈ ½ (1 + tanh u), u = √(2/π) (x + 0.044715 x³) */
const geluOf = defineComposite({
  name: "gelu",
  shape: ([x]) => x.shape,
  compose: ([expr], { attrs: { form } }) => {
    const x = new Tensor(expr);
    return x.mul(form === "tanh" ? halfOf(bent(x).tanh()) : halfOf(x.mul(Math.SQRT1_2).erf())).expr;
  },
  grad: (dy, [x], _y, { attrs: { form } }) => {
    if (form === "tanh") {
      const t = bent(x).tanh();
      const steepness = x
        .square()
        .mul(3 * cubic)
        .add(1)
        .mul(slope / 2); // half of du/dx
      return [dy.mul(halfOf(t).add(x.mul(t.square().neg().add(1)).mul(steepness)))];
    }
    const density = x
      .square()
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return [dy.mul(halfOf(x.mul(Math.SQRT1_2).erf()).add(x.mul(density)))];
  },
});

const bent = (x: Tensor): Tensor => x.square().mul(cubic).add(1).mul(x).mul(slope);
const halfOf = (x: Tensor): Tensor => x.add(1).mul(0.5);

/** x σ(x), Elfwing et al. 2018 (arXiv:1702.03118). */
export function silu(x: Tensor): Tensor {
  expectDType("silu", x.dtype, ["f32"]);
  return wrap(siluOf([x.expr]), [x]);
}

/**
 * x Φ(x), Φ the normal distribution function, Hendrycks & Gimpel 2016 (arXiv:1606.08415); with `form`
 * "tanh" their approximation, off by 5e-4 at most.
 */
export function gelu(x: Tensor, form: "erf" | "tanh" = "erf"): Tensor {
  expectDType("gelu", x.dtype, ["f32"]);
  return wrap(geluOf([x.expr], { form }), [x]);
}
