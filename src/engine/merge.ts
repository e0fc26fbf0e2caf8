/**
 * Merging: launches that go over the same elements become one, where that saves more than it costs.
 * What nobody else reads then needs no buffer.
 */
import { shapeClasses } from "./alike.ts";
import { isComposite } from "./composite.ts";
import type { Expr } from "./expr.ts";
import type { FuseOptions, Fusion, Group } from "./group.ts";
import { isReduction } from "./lower.ts";
import { gain } from "./score.ts";
import {
  isPointwise,
  splitBuffers,
  storesInOrder,
  type Walk,
  type WalkFacts,
  walkOf,
} from "./walk.ts";

/** A launch that may yet grow. */
interface Team {
  group: Group;
  /** What it loads and computes itself. */
  reads: ReadonlySet<Expr>;
  values: readonly Expr[];
  /** Places of its first and last value in the listing of the graph. */
  first: number;
  last: number;
}

/** The groups with those merged that gain by it, each after those whose results it reads. */
export function mergeGroups(
  groups: readonly Group[],
  nodes: readonly Expr[],
  fusion: Fusion,
  options: FuseOptions,
): Group[] {
  const merger = new Merger(groups, nodes, fusion, options);
  return options.fuse ? merger.run() : merger.inOrder();
}

class Merger {
  private readonly fusion: Fusion;
  private readonly facts: WalkFacts;
  private readonly position: ReadonlyMap<Expr, number>;
  private readonly options: FuseOptions;
  /** By launch: the stored values that it waits for. */
  private readonly needs = new Map<Expr, Set<Expr>>();
  private readonly teamOf = new Map<Expr, Team>();
  private teams: Team[];

  constructor(
    groups: readonly Group[],
    nodes: readonly Expr[],
    fusion: Fusion,
    options: FuseOptions,
  ) {
    this.fusion = fusion;
    this.options = options;
    this.facts = { shapes: shapeClasses(nodes), reads: fusion.reads };
    this.position = new Map(nodes.map((node, at) => [node, at]));
    for (const [value, readers] of fusion.users)
      for (const reader of fusion.stored.has(value) ? readers.keys() : [])
        this.needs.set(reader, (this.needs.get(reader) ?? new Set()).add(value));
    this.teams = groups.map((group) => {
      const walk = group.roots.some(isReduction) ? walkOf(group.roots, this.facts) : null;
      return this.teamFor({ ...group, walk: walk as Walk | null }, group.roots);
    });
  }

  run(): Group[] {
    for (const team of [...this.teams].reverse()) if (this.teams.includes(team)) this.grow(team);
    return this.inOrder();
  }

  private teamFor(group: Group, values: readonly Expr[]): Team {
    const { parts } = group;
    const loaders = loadersOf({ group, values });
    const reads = new Set(loaders.flatMap((value) => [...(this.fusion.reads.get(value) ?? [])]));
    for (const value of loaders) reads.delete(value);
    const places = values.map((value) => this.position.get(value) as number);
    const [first, last] = [Math.min(...places), Math.max(...places)];
    const team = { group, reads, values, first, last };
    for (const value of [...loaders, ...parts]) this.teamOf.set(value, team);
    return team;
  }

  /** Takes in launches whose results it reads, those that read what it reads, and walks of the same kind. */
  private grow(team: Team): void {
    for (const other of this.neighbors(team)) {
      const joined = this.join(team, other);
      if (!joined) continue;
      this.teams = this.teams.filter((each) => each !== team && each !== other);
      this.teams.push(joined);
      this.grow(joined);
      return;
    }
  }

  private neighbors(team: Team): Team[] {
    const producers = this.dependencies(team).sort((a, b) => b.last - a.last);
    const readers = [...team.reads].flatMap((read) => [
      ...(this.fusion.users.get(read)?.keys() ?? []),
    ]);
    const siblings = readers.flatMap((reader) => this.teamOf.get(reader) ?? []);
    const domain = this.domainOf(team);
    const alike = this.teams.filter((other) => domain && this.domainOf(other) === domain);
    return [...new Set([...producers, ...siblings, ...alike])].filter((other) => other !== team);
  }

  /** What a walk of one pass goes over, and which axes it reduces. */
  private domainOf({ group: { walk } }: Team): string | null {
    if (!walk || walk.passes.length > 1) return null;
    const [{ sums }] = walk.passes;
    return `${this.facts.shapes.of.get(sums[0].inputs[0])} ${walk.axes}`;
  }

  private dependencies(team: Team): Team[] {
    const readers = loadersOf(team);
    const read = readers.flatMap((reader) => [...(this.needs.get(reader) ?? [])]);
    const teams = new Set(read.flatMap((value) => this.teamOf.get(value) ?? []));
    for (const reader of readers) teams.delete(this.teamOf.get(reader) as Team);
    return [...teams];
  }

  /** Both in one launch, if that is possible and worth it. */
  private join(a: Team, b: Team): Team | null {
    const plain = [a, b].every(
      ({ group: { kernel }, values }) => !kernel && values.every(isMergeable),
    );
    if (!plain) return null;
    const joined = this.joined(a, b);
    if (typeof joined !== "string") return this.teamFor(joined.group, joined.values);
    for (const value of b.values) this.fusion.refusals.set(value, joined);
    return null;
  }

  /** What the launch of both would be, or why there is none. */
  private joined(a: Team, b: Team): Pick<Team, "group" | "values"> | string {
    const { users, wanted } = this.fusion;
    const { maxInputs, force, forbid } = this.options;
    const values = [...a.values, ...b.values].sort(
      (x, y) => (this.position.get(x) as number) - (this.position.get(y) as number),
    );
    const within = new Set(values);
    for (const value of values)
      for (const [reader, paths] of users.get(value) ?? [])
        if (within.has(reader) && forbid.has(value)) return "forbidden";
        else if (within.has(reader) && !(paths.size === 1 && paths.has(0)))
          return `${reader.op} reads it at other places`;
    const walk = this.walk(values);
    if (typeof walk === "string") return walk;
    if (this.waits(a, b) || this.waits(b, a)) return "a launch in between needs its result";

    const isInner = (value: Expr): boolean => {
      const readers = [...(users.get(value)?.keys() ?? [])];
      return (
        wanted.get(value) !== "output" &&
        readers.length > 0 &&
        readers.every((reader) => within.has(reader))
      );
    };
    const roots = values.filter((value) => !isInner(value)).reverse();
    const inner = values.filter(isInner);
    const loads = new Set([...a.reads, ...b.reads]);
    for (const value of values) loads.delete(value);
    const buffers = Math.max(loads.size + roots.length, splitBuffers(walk, roots, loads));
    if (buffers > maxInputs + 1)
      return `the launch would need ${buffers} buffers, ${maxInputs + 1} at most`;
    if (walk && !storesInOrder(walk, roots)) return "it would be written column by column";
    const saved = gain(walk, inner, this.fusion);
    if (saved <= 0 && !inner.some((value) => force.has(value)))
      return "computing it again costs more than a launch";
    const [{ group }] = [a, b].filter((team) => team.values.includes(roots[0]));
    return { group: { ...group, roots, inner, walk }, values };
  }

  private walk(values: readonly Expr[]): Walk | null | string {
    if (values.some(isReduction)) return walkOf(values, this.facts);
    const shapes = new Set(values.map((value) => this.facts.shapes.of.get(value)));
    return shapes.size === 1 ? null : "its shape is another";
  }

  /** Whether `team` waits for a third launch that waits for `other`. */
  private waits(team: Team, other: Team): boolean {
    const pending = this.dependencies(team).filter((each) => each !== other);
    const seen = new Set(pending);
    for (const each of pending) {
      for (const next of this.dependencies(each)) {
        if (next === other) return true;
        if (!seen.has(next)) pending.push(next);
        seen.add(next);
      }
    }
    return false;
  }

  inOrder(): Group[] {
    const ordered: Team[] = [];
    const done = new Set<Team>();
    const stack = this.teams.toSorted((a, b) => b.last - a.last);
    while (stack.length > 0) {
      const team = stack[stack.length - 1];
      const missing = done.has(team)
        ? []
        : this.dependencies(team).filter((each) => !done.has(each));
      if (missing.length > 0) stack.push(...missing);
      else {
        stack.pop();
        if (!done.has(team)) ordered.push(team);
        done.add(team);
      }
    }
    return ordered.map((team) => ({ ...team.group, apart: this.apart(team) }));
  }

  /** Why each stored value that a launch reads is stored by another. */
  private apart(team: Team): Map<Expr, string> {
    const read = new Set(loadersOf(team).flatMap((loader) => [...(this.needs.get(loader) ?? [])]));
    const foreign = [...read].filter((value) => this.teamOf.get(value) !== team);
    return new Map(foreign.map((value) => [value, this.whyApart(team, value)]));
  }

  private whyApart(reader: Team, value: Expr): string {
    const { users, stored, refusals } = this.fusion;
    if (!this.options.fuse) return "fusion is off";
    const producer = this.teamOf.get(value);
    if (!producer) return stored.get(value) as string; // packed
    const [made, making] = [kernelOf(producer), kernelOf(reader)];
    if (making && users.get(value)?.has(making)) return `${making.op} reads its inputs from memory`;
    if (value === made) return refusals.get(value) as string;
    if (made) return `${made.op} passes on its result only`;
    if (making) return `what finishes ${making.op} starts no other loop`;
    const odd = [...producer.values, ...reader.values].find((each) => !isMergeable(each));
    if (odd) return `${odd.op} is neither elementwise nor a reduction`;
    const joined = this.joined(reader, producer);
    return typeof joined === "string" ? joined : "possible by now, but not tried again";
  }
}

/** What reads in the launch of a team: the kernel that it finishes, too. */
const loadersOf = ({ group: { kernel }, values }: Pick<Team, "group" | "values">) =>
  kernel ? [kernel, ...values] : values;

/** The kernel that a team launches, if it does. */
const kernelOf = ({ group: { kernel, roots } }: Team): Expr | undefined =>
  kernel ?? roots.find(isComposite);

const isMergeable = (value: Expr): boolean => isReduction(value) || isPointwise(value);
