import { openDevice } from "./src/node/open.ts";
import { explain, Rng, realize, tensor, gradients, EncoderLayer, Mlp, Adam, valueAndGrad, parameters, mse, zeros, ones, layerNorm, softmax, l2Normalize } from "./src/index.ts";
import * as tg from "./src/index.ts";
const backend = (process.argv[2] ?? "js") as "js";
const which = process.argv[3];
await openDevice({ backend });
const rng = new Rng(1);
async function input(...shape: number[]) { const t = rng.normal(shape); await realize([t]); return t; }
const cases: Record<string, () => Promise<tg.Tensor[]>> = {
  async mlp() {
    const model = new Mlp({ sizes: [64, 256, 256, 1], rng });
    await realize([...parameters(model).values()]);
    const [x, y] = [await input(32, 64), await input(32, 1)];
    const optimizer = new Adam(model);
    const step = () => { const { value, grads } = valueAndGrad(model, (m: Mlp) => mse(m.forward(x), y)); optimizer.update(grads); return value; };
    await step().data(); await step().data();
    const value = step();
    return [value, ...parameters(model).values(), ...optimizer.state().values()];
  },
  async encoder() {
    const layer = new EncoderLayer({ width: 16, numHeads: 2, hiddenDim: 32, rng });
    await realize([...parameters(layer).values()]);
    const x = await input(2, 9, 16);
    const mask = zeros([2, 9]).greater(0); await realize([mask]);
    const y = layer.forward(x, mask);
    const seed = await input(2, 9, 16);
    return [y, ...gradients(y, [x, ...parameters(layer).values()], seed)];
  },
  async norm() { const x = await input(5, 7), w = await input(7), b = await input(7), s = await input(5, 7); const y = layerNorm(x, w, b); return [y, ...gradients(y, [x, w, b], s)]; },
  async softmaxGrad() { const x = await input(5, 7), s = await input(5, 7); const y = softmax(x); return [y, ...gradients(y, [x], s)]; },
  async l2() { const x = await input(5, 7), s = await input(5, 7); const y = l2Normalize(x); return [y, ...gradients(y, [x], s)]; },
  async logSoftmax() { const x = await input(5, 7), s = await input(5, 7); const y = tg.logSoftmax(x); return [y, ...gradients(y, [x], s)]; },
  async rms() { const x = await input(5, 7), w = await input(7), s = await input(5, 7); const y = tg.rmsNorm(x, w); return [y, ...gradients(y, [x, w], s)]; },
  async mse() { const x = await input(5, 7), s = await input(5, 7); const y = mse(x, s); return [y, ...gradients(y, [x])]; },
  async bce() { const x = await input(5), s = await input(5); const y = tg.bceWithLogits(x, s); return [y, ...gradients(y, [x])]; },
  async ce() { const x = await input(5, 7); const y = tg.crossEntropy(x, tg.indices([1,2,3,4,5])); return [y, ...gradients(y, [x])]; },
};
for (const [name, build] of Object.entries(cases)) {
  if (which && which !== name) continue;
  try { const { text } = await explain(await build());
  console.log(`=== ${name}: ${which ? text : text.split("\n")[0]}`); } catch (e) { console.log(name, (e as Error).message.slice(0,300)); }
}
process.exit(0);
