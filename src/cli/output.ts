import type { Writable } from 'node:stream';

/** Where the command line writes: the one place that knows stdout and stderr. */
export interface Output {
  /** What was asked for, with a line end. */
  line(text: string): void;
  /** What a person should know beside it, on stderr, with a line end. */
  note(text: string): void;
  /** What a program asked for. */
  json(value: unknown): void;
  /** Text as it is, to either stream. */
  write(text: string): void;
  writeError(text: string): void;
  /** Resolves when stdout has taken what was written, or nobody reads it any more: for output that is too long to keep. */
  drained(): Promise<void>;
  /** Whether a person reads stdout. */
  readonly isTerminal: boolean;
  /** Whether nobody reads stdout any more, as after `| head`. */
  readonly isClosed: boolean;
}

/** A stream of a process. */
export type OutputStream = Writable & { readonly isTTY?: boolean };

/** Makes the output of a process out of its streams. A reader that goes away is no error. */
export function createOutput(stdout: OutputStream, stderr: OutputStream): Output {
  let isClosed = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isClosed = true;
  });
  const write = (text: string) => {
    if (!isClosed) stdout.write(text);
  };
  const drained = () =>
    new Promise<void>((resolve) => {
      if (isClosed || !stdout.writableNeedDrain) return resolve();
      const done = () => {
        stdout.off('drain', done).off('error', done);
        resolve();
      };
      stdout.on('drain', done).on('error', done);
    });
  const writeError = (text: string) => {
    stderr.write(text);
  };
  return {
    write,
    writeError,
    drained,
    line: (text) => write(`${text}\n`),
    note: (text) => writeError(`${text}\n`),
    json: (value) => write(`${JSON.stringify(value, undefined, 2)}\n`),
    isTerminal: stdout.isTTY === true,
    get isClosed() {
      return isClosed;
    },
  };
}
