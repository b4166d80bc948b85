import { setTimeout as delay } from 'node:timers/promises';
import { isRunning } from '../../cluster/process-identity.ts';
import { findParts, type Part, type PartName } from '../world/parts.ts';
import type { World, WorldNode } from '../world/world.ts';
import type { Journal } from './journal.ts';

const everyMs = 50;

/** Knows the processes of every node, and notes their ends. */
export class PartWatch {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #known = new Map<string, Part[]>();
  /** Parts that the run is about to kill, by node. */
  readonly #expected = new Map<string, Set<PartName>>();
  readonly #followed = new Set<number>();

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  /** Looks until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const node of this.#world.nodes) this.#look(node);
      await delay(everyMs);
    }
  }

  /** A part of a node that runs now. */
  find(node: WorldNode, name: PartName): Part | undefined {
    const pid = node.process.process?.pid;
    return pid === undefined ? undefined : findParts(pid).find((part) => part.name === name);
  }

  /** The next end of these parts of a node is one that the run brings about. */
  expectEnd(node: WorldNode, names: readonly PartName[]): void {
    // Whoever has ended before ended by itself.
    this.#look(node);
    this.#expected.set(node.id, new Set(names));
  }

  #look(node: WorldNode): void {
    const first = node.process.process;
    if (first !== undefined && !this.#followed.has(first.pid)) {
      this.#followed.add(first.pid);
      this.#expected.delete(node.id);
      void first.exited.then((exit) => this.#note(node, 'guard', exit));
    }
    const running = first === undefined ? [] : findParts(first.pid);
    const before = this.#known.get(node.id) ?? [];
    const orphans = before.filter(
      (part) => isRunning(part) && !running.some(({ pid }) => pid === part.pid),
    );
    this.#known.set(node.id, [...running, ...orphans]);
    for (const part of before) {
      // The guard is a child of this process, which learns how it ended.
      if (part.name !== 'guard' && !isRunning(part)) {
        this.#note(node, part.name, { code: null, signal: null });
      }
    }
  }

  #note(
    node: WorldNode,
    process: PartName,
    { code, signal }: { readonly code: number | null; readonly signal: string | null },
  ): void {
    const asked = this.#expected.get(node.id)?.has(process) ?? false;
    this.#journal.event({ event: 'exit', node: node.id, process, code, signal, asked });
  }
}
