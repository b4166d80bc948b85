import { outcomeUnknown } from '../domain/outcome-unknown.ts';
import type { Position } from '../domain/position.ts';
import type { WriterCommands } from '../domain/writer.ts';
import type { Connection } from './connection.ts';
import type { PositionSource } from './position-file.ts';
import { isSqliteError, isStatementError } from './sqlite-error.ts';
import { failureBeforeCommit, failureOfCommit, notMade } from './write-failures.ts';

/** A command as it waits: its name and its input, plain data. */
export interface Command<Commands extends object = WriterCommands> {
  readonly name: keyof Commands;
  readonly input: unknown;
}

/** What became of one command. `error` is a `Failure`, a `NotPrimary` or a defect. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What became of the commands of one transaction, in their order, and the position after it. */
export interface Committed {
  readonly outcomes: readonly Outcome[];
  readonly position: Position | undefined;
}

/**
 * The position is not that of this writer's last commit: another primary wrote meanwhile, or the outcome of
 * the last commit was unknown. The pages this writer has in memory may then be of another history, and
 * its next write would erase the other primary's (docs/facts.md, "Pages go stale without a trace"), so it
 * must be opened again.
 */
export class Superseded extends Error {
  override readonly name = 'Superseded';

  constructor() {
    super('the position is not that of the last commit of this writer');
  }
}

/**
 * Runs commands of the domain on one database, many in one transaction, each in a savepoint of its own.
 *
 * `position` is asked after each commit: only when it advanced is the commit known to have reached LiteFS
 * (docs/facts.md, "WAL loses commits that it reported"). Without one, alone, the commit itself is the proof.
 */
export class GroupCommit<Commands extends object = WriterCommands> {
  readonly #connection: Connection;
  readonly #commands: Commands;
  readonly #position: PositionSource | undefined;
  #lastPosition: Position | undefined;

  constructor(options: {
    readonly connection: Connection;
    readonly commands: Commands;
    readonly position: PositionSource | undefined;
    /** What `position` said after the transaction that opened the epoch. */
    readonly openedAt: Position | undefined;
  }) {
    this.#connection = options.connection;
    this.#commands = options.commands;
    this.#position = options.position;
    this.#lastPosition = options.openedAt;
  }

  /** Throws `Superseded`; then none of the commands took effect. */
  run(commands: readonly Command<Commands>[]): Committed {
    try {
      this.#connection.execute('BEGIN IMMEDIATE');
    } catch (error) {
      return this.#refuseAll(commands, failureBeforeCommit(error) ?? error);
    }
    const before = this.#position?.read();
    if (this.#position !== undefined && before === undefined) {
      return this.#refuseAll(commands, notMade('The position of the primary cannot be read.'));
    }
    if (!isSamePosition(before, this.#lastPosition)) {
      this.#rollBack();
      throw new Superseded();
    }
    const outcomes: Outcome[] = [];
    let changed = false;
    for (const command of commands) {
      const changesBefore = this.#totalChanges();
      const outcome = this.#runInSavepoint(command);
      if ('fatal' in outcome) return this.#refuseAll(commands, outcome.fatal);
      outcomes.push(outcome);
      changed ||= 'value' in outcome && this.#totalChanges() !== changesBefore;
    }
    return changed ? this.#commit(commands, outcomes, before) : this.#rollBackUnchanged(outcomes);
  }

  #runInSavepoint({ name, input }: Command<Commands>): Outcome | { readonly fatal: unknown } {
    try {
      this.#connection.execute('SAVEPOINT command');
      const run = this.#commands[name] as (input: unknown) => unknown;
      const value = run(input);
      this.#connection.execute('RELEASE command');
      return { value };
    } catch (error) {
      if (!this.#connection.isInTransaction || isFatal(error)) {
        return { fatal: failureBeforeCommit(error) ?? notMade('The transaction failed.', error) };
      }
      this.#connection.execute('ROLLBACK TO command');
      this.#connection.execute('RELEASE command');
      return { error };
    }
  }

  #commit(
    commands: readonly Command<Commands>[],
    outcomes: readonly Outcome[],
    before: Position | undefined,
  ): Committed {
    try {
      this.#connection.execute('COMMIT');
    } catch (error) {
      return this.#refuseAll(commands, failureOfCommit(error));
    }
    if (this.#position === undefined) return { outcomes, position: undefined };
    const position = this.#position.read();
    this.#lastPosition = position;
    if (position === undefined || before === undefined || position.txid <= before.txid) {
      return this.#refuseAll(commands, outcomeUnknown());
    }
    return { outcomes, position };
  }

  /** A transaction without effect is rolled back, so that it moves no position. */
  #rollBackUnchanged(outcomes: readonly Outcome[]): Committed {
    this.#rollBack();
    return { outcomes, position: this.#lastPosition };
  }

  #refuseAll(commands: readonly Command<Commands>[], error: unknown): Committed {
    this.#rollBack();
    return { outcomes: commands.map(() => ({ error })), position: undefined };
  }

  #rollBack(): void {
    if (!this.#connection.isInTransaction) return;
    try {
      this.#connection.execute('ROLLBACK');
    } catch (error) {
      // A rollback on a dead mount fails too; SQLite then rolls back when the file is opened again.
      if (!isSqliteError(error)) throw error;
    }
  }

  #totalChanges(): unknown {
    return this.#connection.value('SELECT total_changes()');
  }
}

function isSamePosition(a: Position | undefined, b: Position | undefined): boolean {
  return a?.txid === b?.txid && a?.checksum === b?.checksum;
}

/** Whether an error in one command condemns the transaction: the database failed, not the command. */
function isFatal(error: unknown): boolean {
  return isSqliteError(error) && !isStatementError(error);
}
