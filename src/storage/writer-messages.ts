import type { DatabaseName } from '../domain/database-name.ts';
import type { Position } from '../domain/position.ts';
import type { CarriedError } from './carried-error.ts';
import type { WriterOptions } from './writer-options.ts';
import type { Opened } from './writer-session.ts';

/** A command as it crosses the thread boundary. Its name is one of the commands of its database. */
export interface CarriedCommand {
  readonly name: string;
  readonly input: unknown;
}

/** What the main thread says to the writer's thread: first `open`. A `run` is one transaction. */
export type ToWriterThread =
  | { readonly is: 'open'; readonly options: WriterOptions }
  | {
      readonly is: 'run';
      readonly database: DatabaseName;
      readonly commands: readonly CarriedCommand[];
    }
  | { readonly is: 'close' };

/** A result as it crosses the thread boundary. */
export type CarriedOutcome = { readonly value: unknown } | { readonly error: CarriedError };

/** What the writer's thread says: first `opened` or `refused`, then one `done` for each `run`. */
export type FromWriterThread =
  | { readonly is: 'opened'; readonly opened: Opened }
  | { readonly is: 'refused'; readonly error: CarriedError }
  | {
      readonly is: 'done';
      readonly outcomes: readonly CarriedOutcome[];
      readonly position: Position | undefined;
    }
  /** The thread ends by itself: nothing of the last `run` took effect. */
  | { readonly is: 'ending'; readonly error: CarriedError };
