import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { nodeFolders } from '../../scripts/cluster/node-environment.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { follow } from './send.ts';

/** An answer that was not what the node's database said at the same position. */
export interface Mismatch {
  readonly node: string;
  readonly slug: string;
  readonly answered: string;
  readonly expected: string;
  readonly position: string;
}

/**
 * Follows slugs on a node over and over and compares each answer with what a handle reads that has seen nothing
 * before, on the node's own mount. Answers count while the node stands at one position from before that read until
 * after the answer, so that there is one right answer and no other.
 */
export class MemoryWatch implements AsyncDisposable {
  readonly mismatches: Mismatch[] = [];
  readonly #node: NodeProcess;
  readonly #slugs: readonly string[];
  readonly #running: Promise<void>;
  #compared = 0;
  #isPaused = false;
  #isOver = false;

  constructor(node: NodeProcess, slugs: readonly string[]) {
    this.#node = node;
    this.#slugs = slugs;
    this.#running = this.#run();
  }

  /** How many answers were compared so far. */
  get compared(): number {
    return this.#compared;
  }

  /** Sends the node no hits until it is resumed; one round may still be under way. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      if (!this.#isPaused) await this.#compare();
      await delay(5);
    }
  }

  async #compare(): Promise<void> {
    const position = this.#readPosition();
    const expected = readAnswers(this.#node, this.#slugs);
    if (position === undefined || expected === undefined) return;
    const answers = await Promise.all(this.#slugs.map((slug) => this.#follow(slug)));
    if (this.#readPosition() !== position) return;
    for (const [at, slug] of this.#slugs.entries()) {
      const answered = answers[at];
      // A node may say that it cannot tell, but nothing that is not so.
      if (answered === undefined || answered === '503') continue;
      this.#compared += 1;
      if (answered === expected.get(slug)) continue;
      this.mismatches.push({
        ...{ node: this.#node.id, slug, answered, position },
        expected: expected.get(slug) ?? '',
      });
    }
  }

  #follow(slug: string): Promise<string | undefined> {
    return follow(this.#node.url, slug).catch((error: unknown) => {
      // The node is not there at the moment.
      if (error instanceof TypeError || error instanceof DOMException) return undefined;
      throw error;
    });
  }

  #readPosition(): string | undefined {
    try {
      // Without an encoding: with one Node aborts when the file cannot be closed, as on a mount that dies meanwhile.
      return readFileSync(`${databaseOf(this.#node)}-pos`).toString();
    } catch (error) {
      if (error instanceof Error && 'code' in error) return undefined;
      throw error;
    }
  }
}

/** What following slugs must give by a fresh handle on a node's mount; `undefined` while that cannot be read. */
export function readAnswers(
  node: NodeProcess,
  slugs: readonly string[],
): ReadonlyMap<string, string> | undefined {
  try {
    const database = new Database(databaseOf(node), { readonly: true, timeout: 0 });
    try {
      const find = database.prepare(
        'SELECT redirect_code, destination, disabled FROM links WHERE domain_id = 1 AND slug_key = ?',
      );
      return new Map(slugs.map((slug) => [slug, toAnswer(find.get(slug))]));
    } finally {
      database.close();
    }
  } catch (error) {
    // The second is what a mount without its LiteFS gives.
    if (error instanceof Database.SqliteError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function toAnswer(row: unknown): string {
  if (row === undefined) return '404';
  const { redirect_code, destination, disabled } = row as Record<string, unknown>;
  return disabled === 1 ? '410' : `${redirect_code} ${destination}`;
}

function databaseOf(node: NodeProcess): string {
  return join(nodeFolders(node.dir).mount, 'links.db');
}
