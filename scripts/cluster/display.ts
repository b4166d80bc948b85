import type { NodeStatus } from './node-status.ts';
import { layOut } from './table.ts';

/** Where the table goes: `process.stdout`, or something that remembers what was written. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** The table of nodes, kept current: redrawn in place on a terminal, a line per change of state elsewhere. */
export class Display {
  readonly #screen: Screen;
  #drawn: readonly string[] = [];
  #states = new Map<string, string>();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Shows the nodes as they are now. */
  show(nodes: readonly NodeStatus[]): void {
    if (this.#screen.isTTY) this.#redraw(nodes);
    else this.#tell(nodes);
  }

  /** Writes lines that stay, above the table. */
  say(text: string): void {
    this.#erase();
    this.#screen.write(`${text}\n`);
  }

  #redraw(nodes: readonly NodeStatus[]): void {
    const lines = layOut([
      ['node', 'region', 'role', 'position', 'address'],
      ...nodes.map((node) => [node.id, node.region, node.state, node.txid, node.url]),
    ]);
    if (lines.join('\n') === this.#drawn.join('\n')) return;
    this.#erase();
    this.#screen.write(`${lines.join('\n')}\n`);
    this.#drawn = lines;
  }

  #tell(nodes: readonly NodeStatus[]): void {
    for (const { id, region, state, txid, url } of nodes) {
      if (this.#states.get(id) === state) continue;
      this.#states.set(id, state);
      this.#screen.write(`${[id, region, state, txid, url].filter(Boolean).join('  ')}\n`);
    }
  }

  /** Takes the table away, so that what is written next stands in its place. */
  #erase(): void {
    // ECMA-48: cursor up, erase to the end of the screen.
    if (this.#drawn.length > 0) this.#screen.write(`\x1b[${this.#drawn.length}A\x1b[J`);
    this.#drawn = [];
  }
}
