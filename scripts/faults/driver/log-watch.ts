import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventOf } from '../history.ts';
import type { World, WorldNode } from '../world/world.ts';
import type { Journal } from './journal.ts';
import { judgeLogLine } from './judge-log-line.ts';

const everyMs = 250;

/** Reads the logs of all nodes as they grow, and notes the lines that people have to know about. */
export class LogWatch {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #read = new Map<string, { offset: number; rest: string }>();

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  /** Reads until `signal` aborts, and what there is then. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#readAll();
      await delay(everyMs);
    }
    await this.#readAll();
  }

  async #readAll(): Promise<void> {
    for (const node of this.#world.nodes) await this.#readNew(node);
  }

  async #readNew(node: WorldNode): Promise<void> {
    const state = this.#read.get(node.id) ?? { offset: 0, rest: '' };
    this.#read.set(node.id, state);
    await using file = await open(node.process.logFile, 'r');
    const { size } = await file.stat();
    if (size <= state.offset) return;
    const piece = Buffer.alloc(size - state.offset);
    await file.read(piece, 0, piece.length, state.offset);
    state.offset = size;
    const lines = `${state.rest}${piece.toString()}`.split('\n');
    state.rest = lines.pop() ?? '';
    for (const line of lines) {
      const found = judgeLogLine(line);
      if (found !== undefined) this.#note(node.id, found);
    }
  }

  #note(node: string, line: Pick<EventOf<'log'>, 'process' | 'kind' | 'text'>): void {
    this.#journal.event({ event: 'log', node, ...line });
  }
}
