/**
 * A YAML configuration with the place of everything in it, so that what is wrong is said as
 * `file:line:column: expected …, got …` before anything runs.
 */
import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parse,
  parseDocument,
} from "yaml";
import type { z } from "zod";
import { readFileBytes } from "../node/files.ts";
import { UsageError } from "./command.ts";
import { expectedOf, shown } from "./configIssues.ts";

type Path = readonly PropertyKey[];

export class ConfigFile {
  readonly path: string;
  private readonly document: Document;
  private readonly lines: LineCounter;
  /** Paths that `--set` changed, as they were written there. */
  private readonly overrides = new Map<string, string>();

  private constructor(path: string, text: string) {
    this.path = path;
    this.lines = new LineCounter();
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    const [error] = this.document.errors;
    if (error)
      throw new UsageError(`${this.at(error.pos[0])}: expected YAML, got ${error.message}`);
    if (!isMap(this.document.contents))
      throw new UsageError(`${path}:1:1: expected keys and values, got ${shown(this.toJS())}`);
  }

  /** Reads a file; each of `sets` is `a.b=c` with c in YAML, and replaces or adds that entry. */
  static async read(path: string, sets: readonly string[] = []): Promise<ConfigFile> {
    return ConfigFile.of(path, new TextDecoder().decode(await readFileBytes(path)), sets);
  }

  static of(path: string, text: string, sets: readonly string[] = []): ConfigFile {
    const file = new ConfigFile(path, text);
    for (const set of sets) file.override(set);
    return file;
  }

  /** The value of a key at the top. */
  get(key: string): unknown {
    return this.document.get(key);
  }

  toJS(): unknown {
    return this.document.toJS();
  }

  /** The configuration as the schema resolves it; throws `UsageError` for the first thing wrong. */
  resolve<T>(schema: z.ZodType<T>): T {
    const value = this.toJS();
    const result = schema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    const { issues } = result.error;
    // a mistyped key is also a missing one
    const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
    const { path, expected, got } = expectedOf(issue, schema, value);
    throw this.problem(path, expected, got, { isKey: issue.code === "unrecognized_keys" });
  }

  problem(path: Path, expected: string, got: string, { isKey = false } = {}): UsageError {
    return new UsageError(`${this.place(path, isKey)}: expected ${expected}, got ${got}`);
  }

  /** Where an entry stands; of one that does not exist, where the map that lacks it begins. */
  private place(path: Path, isKey: boolean): string {
    const set = this.overrides.get(path.join(".")) ?? this.overrides.get(path.slice(0, 1).join());
    if (set !== undefined) return `--set ${set}`;
    for (let length = path.length; length > 0; length--) {
      const node = this.nodeAt(path.slice(0, length), isKey && length === path.length);
      if (node?.range) return this.at(node.range[0]);
    }
    return this.at((this.document.contents as Node).range?.[0] ?? 0);
  }

  private nodeAt(path: Path, isKey: boolean): Node | undefined {
    if (!isKey) return this.document.getIn(path, true) as Node | undefined;
    const map = path.length === 1 ? this.document.contents : this.document.getIn(path.slice(0, -1));
    const isWanted = ({ key }: Pair) => isScalar(key) && String(key.value) === path.at(-1);
    return isMap(map) ? (map.items.find(isWanted)?.key as Node | undefined) : undefined;
  }

  private at(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.path}:${line || 1}:${col || 1}`;
  }

  private override(set: string): void {
    const [, key, value] = /^([\w.-]+)=(.*)$/s.exec(set) ?? [];
    if (key === undefined)
      throw new UsageError(`--set: expected KEY=VALUE or GROUP.KEY=VALUE, got ${set}`);
    const path = key.split(".");
    try {
      this.document.setIn(path, this.document.createNode(parse(value)));
    } catch (error) {
      throw new UsageError(
        `--set ${set}: expected an entry of this configuration, got ${(error as Error).message}`,
      );
    }
    this.overrides.set(path.join("."), set);
  }
}

/** What a file of settings says; without one, the defaults. */
export const settingsIn = <T>(file: ConfigFile | null, schema: z.ZodType<T>): T =>
  file ? file.resolve(schema) : schema.parse({});
