/**
 * Mutates every rule of differentiation, one at a time, and runs the checks of the gradient tests that
 * use it. A mutant that no check notices survives: a hole in the tests.
 *
 *   npm run mutate:grads [-- part of a rule's name]
 */
import { openDevice } from "../../src/index.ts";
import { type Check, exampleChecks, propertyChecks } from "../helpers/gradients/checks.ts";
import { mutantsOf } from "./mutants.ts";
import { listRules, type Rule, watch } from "./rules.ts";

/** A check that passes as things are, how long it takes, and the rules that it uses. */
interface Timed extends Check {
  ms: number;
  uses: ReadonlySet<string>;
}

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(0);

/** Runs everything once, with rules that say when they are used. Throws if anything fails. */
async function baseline(rules: readonly Rule[]): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (const check of [...propertyChecks, ...exampleChecks]) {
    const uses = new Set<string>();
    const unwatch = rules.map((rule) => watch(rule, () => uses.add(rule.name)));
    const start = performance.now();
    await check.run();
    timed.push({ ...check, ms: performance.now() - start, uses });
    for (const restore of unwatch) restore();
    if (timed.length % 50 === 0) console.error(`${timed.length} checks pass as things are`);
  }
  return timed.sort((a, b) => a.ms - b.ms);
}

/** The first check that fails, and what it says; null if none does. */
async function noticedBy(checks: readonly Check[]): Promise<{ check: Check; why: string } | null> {
  for (const check of checks)
    try {
      await check.run();
    } catch (error) {
      return { check, why: (error as Error).message };
    }
  return null;
}

/** What the checks throw; anything else means that a mutant did not compute at all. */
const isComparison = (why: string) =>
  /gradcheck: expected ∂|assertClose: expected|adjointCheck: expected|expected .* (derivatives|slope)/.test(
    why,
  );

const started = performance.now();
await openDevice({ backend: "js-f64" });
const [filter = ""] = process.argv.slice(2);
const rules = listRules();
const checks = await baseline(rules);
const survivors: string[] = [];
let [numMutants, numBroken] = [0, 0];
console.log(`${checks.length} checks pass as things are (${seconds(started)} s)`);
console.log("rule                mutants  noticed  checks that use it  s");
const chosen = rules.filter(({ name }) => name.includes(filter));
for (const rule of chosen) {
  const isUsed = ({ uses, name }: Timed) =>
    rule.grad ? uses.has(rule.name) : name.startsWith(`${rule.op}:`);
  const using = checks.filter(isUsed);
  const own = using.filter(({ name }) => name.startsWith(rule.op));
  const inOrder = [...own, ...using.filter((check) => !own.includes(check))];
  let noticed = 0;
  const begun = performance.now();
  const mutants = mutantsOf(rule);
  for (const { name, grad } of mutants) {
    rule.put(grad);
    const found = await noticedBy(inOrder);
    rule.put(rule.grad);
    if (!found) survivors.push(`${rule.name}: ${name}`);
    else noticed++;
    if (found && !isComparison(found.why)) {
      numBroken++;
      console.log(`  ${rule.name}: ${name} fails otherwise: ${found.why.split("\n")[0]}`);
    }
  }
  numMutants += mutants.length;
  const columns = [String(mutants.length).padStart(7), String(noticed).padStart(8)];
  const cost = `${String(using.length).padStart(18)} ${seconds(begun).padStart(3)}`;
  console.log(`${rule.name.padEnd(20)}${columns.join(" ")} ${cost}`);
}
console.log(
  `${numMutants} mutants of ${chosen.length} rules, ${survivors.length} survive (${numBroken} failed otherwise)`,
);
for (const survivor of survivors) console.log(`survivor  ${survivor}`);
process.exitCode = survivors.length > 0 ? 1 : 0;
