import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import type { HistoryEvent, HistoryRecord, Operation } from '../history.ts';

/** An event without its time, which is the moment it is written down. */
type Untimed<T> = T extends { at: number } ? Omit<T, 'at'> & { at?: number } : never;

/** Writes the history of a run, in memory and as lines of a file, by the one clock of the driver. */
export class Journal implements AsyncDisposable {
  readonly file: string;
  readonly records: HistoryRecord[] = [];
  readonly #startedMs = performance.now();
  readonly #stream: WriteStream;

  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.file = file;
    this.#stream = createWriteStream(file);
  }

  /** Milliseconds since the run began. */
  now(): number {
    return Math.round((performance.now() - this.#startedMs) * 1000) / 1000;
  }

  /** Notes an operation of a client. */
  operation(operation: Operation): void {
    this.#write(operation);
  }

  /** Notes an event, of now unless it says when it was. */
  event(event: Untimed<HistoryEvent>): void {
    this.#write({ at: this.now(), ...event } as HistoryEvent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }

  #write(record: HistoryRecord): void {
    this.records.push(record);
    this.#stream.write(`${JSON.stringify(record)}\n`);
  }
}
