import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { projectDir } from '../cluster/programs.ts';
import type { Durations } from './measurement.ts';

export const usage = `npm run bench -- [options]     what a redirect costs; Node's own HTTP is 1.00

  --quick          three short rounds: 4 minutes instead of 15
  --full           also 10 million links and a real LiteFS: about 50 minutes
  --only <name>    this variant and its baseline; can be given more than once
  --rounds <n>     how often each variant is measured
  --seconds <n>    how long each time
  --dir <folder>   where links and clicks lie meanwhile: on the disk that is to be measured (data)
  --json <file>    writes the figures for programs, too`;

/** After so long a server is compiled as far as it will be. */
const warmUpSeconds = 1;

/** What to measure, as the command line says. */
export interface BenchOptions {
  readonly help: boolean;
  /** Names of variants; empty for the usual ones. */
  readonly only: readonly string[];
  /** Whether those that take long are among them. */
  readonly full: boolean;
  readonly rounds: number;
  readonly durations: Durations;
  /** A memory is filled with at most so many links; one of the default size holds some 680,000 of them. */
  readonly mostFilled: number;
  /** Absolute folder to work in. */
  readonly dir: string;
  readonly jsonFile: string | undefined;
}

/** The command line is not understood; the message says what and how it is to be. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

/** Parses the arguments of the command. Throws `Misuse`. */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  const rounds = toNumber('--rounds', values.rounds ?? (values.quick ? '3' : '5'));
  const seconds = toNumber('--seconds', values.seconds ?? (values.quick ? '0.8' : '2'));
  if (!Number.isInteger(rounds)) throw misuse('--rounds is a whole number');
  return {
    help: values.help,
    only: values.only,
    full: values.full,
    rounds,
    // Quantiles of an open loop need more time, since fewer answers come.
    durations: {
      // The compiler needs its time whatever is measured afterwards.
      warmUp: Math.min(seconds, warmUpSeconds),
      closed: seconds,
      open: seconds * 2,
    },
    mostFilled: values.quick ? 100_000 : 700_000,
    dir: resolve(values.dir ?? join(projectDir, 'data')),
    jsonFile: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        dir: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw misuse(error.message);
  }
}

function toNumber(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1_000)) throw misuse(`${name} is a number from 0 to 1000`);
  return value;
}

function misuse(sentence: string): Misuse {
  return new Misuse(`${sentence.replace(/\.$/, '')}.\n\n${usage}`);
}
