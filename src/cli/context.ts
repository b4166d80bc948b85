import type { Readable } from 'node:stream';
import type { Output } from './output.ts';

/** Variables by name, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the process gives to the command line. */
export interface CommandLineProcess {
  readonly env: Environment;
  readonly output: Output;
  /** A function, since asking for stdin opens it. */
  readonly input: () => Readable & { readonly isTTY?: boolean };
  /** Lets everything else on this machine have the CPU first. */
  readonly giveWay: () => void;
}

/** What every subcommand is handed. */
export interface Context extends CommandLineProcess {
  /** Lets the command end with 1, after all that it has to say. */
  readonly fail: () => void;
}
