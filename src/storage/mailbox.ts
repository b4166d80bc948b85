import type { DatabaseName } from '../domain/database-name.ts';
import { notMade } from './write-failures.ts';

/** A command and who waits for it. */
export interface Waiting {
  readonly name: string;
  /** Its input as it can be sent to the writer's thread, and what of it is given away rather than copied. */
  readonly pack: () => { readonly input: unknown; readonly transfer: readonly ArrayBuffer[] };
  readonly resolve: (written: never) => void;
  readonly reject: (reason: unknown) => void;
  /** Whether it is so much work that its transaction has no other command. */
  readonly isAlone: boolean;
}

/** The commands that wait for one database, in the order they came; bounded. */
export class Mailbox {
  readonly database: DatabaseName;
  readonly #size: number;
  readonly #perTransaction: number;
  #waiting: Waiting[] = [];

  constructor(options: {
    readonly database: DatabaseName;
    readonly size: number;
    /** A transaction takes at most so many commands. */
    readonly perTransaction: number;
  }) {
    this.database = options.database;
    this.#size = options.size;
    this.#perTransaction = options.perTransaction;
  }

  /** Rejects the command with `unavailable` when there is no room for it. */
  add(waiting: Waiting): void {
    if (this.#waiting.length < this.#size) this.#waiting.push(waiting);
    else waiting.reject(notMade('Too many writes are waiting.'));
  }

  /** Takes out what the next transaction is made of; nothing when nothing waits. */
  take(): Waiting[] {
    const alone = this.#waiting.findIndex(({ isAlone }) => isAlone);
    const most =
      alone < 0 ? this.#perTransaction : Math.min(Math.max(alone, 1), this.#perTransaction);
    return this.#waiting.splice(0, most);
  }

  /** Answers all that wait: nothing of it was done. */
  refuse(reason: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(notMade(reason));
  }
}
