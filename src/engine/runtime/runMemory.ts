/** Where the values lie that a plan works on while it is recorded: of their own, or parts of others. */
import type { DeviceBuffer, Expr } from "../expr.ts";
import { ownerOf } from "../place.ts";
import type { Plan } from "../plan.ts";
import { sizeOf } from "../shape.ts";
import type { DeviceMemory } from "./memory.ts";

export class RunMemory {
  private readonly plan: Plan;
  private readonly nodes: readonly Expr[];
  private readonly memory: DeviceMemory;
  /** What was taken for the plan's results and is not free again, by the position of its owner. */
  private readonly taken = new Map<number, DeviceBuffer>();

  constructor(plan: Plan, nodes: readonly Expr[], memory: DeviceMemory) {
    this.plan = plan;
    this.nodes = nodes;
    this.memory = memory;
  }

  /** The memory of the value at a position: stored, or there before. */
  at(position: number): DeviceBuffer {
    const alias = this.plan.aliases.get(position);
    if (!alias) return this.taken.get(position) ?? this.memory.bufferOf(this.nodes[position]);
    const whole = this.at(alias.of);
    return this.memory.part(whole, alias.start(this.nodes), this.nodes[position]);
  }

  /** Memory for the value that a launch is about to store. */
  claim(position: number, label: string): DeviceBuffer {
    const owner = ownerOf(this.plan.aliases, position);
    if (!this.taken.has(owner))
      this.taken.set(owner, this.memory.takeFor(this.nodes[owner], label, this.layoutOf(owner)));
    return this.at(position);
  }

  /** Uploads what lies on the host only. */
  upload(position: number): void {
    const node = this.nodes[ownerOf(this.plan.aliases, position)];
    if (node.storage) this.memory.bufferOf(node);
  }

  /** Gives back the buffer of the value at a position. */
  free(position: number): void {
    const buffer = this.taken.get(position);
    if (buffer) this.memory.give(buffer);
    this.taken.delete(position);
  }

  freeAll(): void {
    for (const position of [...this.taken.keys()]) this.free(position);
  }

  /** What is packed leaves gaps: they stay zero if only packs of the same layout use the buffer. */
  private layoutOf(position: number): string {
    const { op, inputs } = this.nodes[position];
    return op === "pack" ? inputs.map(({ shape }) => sizeOf(shape)).join() : "";
  }
}
