import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterFailure } from '../cluster/cluster-failure.ts';
import type { Plan } from './nemesis/schedule.ts';

export const usage = `npm run faults -- [options]     a fleet under load to which everything happens, and a verdict

  --minutes <M>    no fault begins later than this (11)
  --seed <S>       the order of faults and what clients do (drawn)
  --only <names>   these kinds of faults alone, such as power-loss,handoff
  --times <n>      with --only: each of them so often
  --cut            the shorter schedule that npm test runs
  --project <dir>  the nodes run from this copy of the repository
  --json <file>    writes the result there

npm run faults -- --mutants [--only <names>] [--seed <S>] [--json <file>]
                   takes each protection away in turn, and shows that the run notices; --only: these mutants alone`;

/** What to run, as the command line says. */
export interface FaultsCommand {
  readonly help: boolean;
  readonly minutes: number;
  readonly seed: number;
  /** Names of faults, or of mutants. */
  readonly only: readonly string[] | undefined;
  readonly times: number | undefined;
  readonly plan: Plan;
  readonly projectDir: string | undefined;
  readonly mutants: boolean;
  readonly json: string | undefined;
}

const maxSeed = 2 ** 31;

/** Parses the arguments. Throws a `ClusterFailure` with a sentence and the usage. */
export function parseFaultsCommand(
  args: readonly string[],
  drawSeed: () => number = () => Math.floor(Math.random() * maxSeed),
): FaultsCommand {
  const { values } = parse(args);
  return {
    help: values.help,
    minutes: toNumber('--minutes', values.minutes, 120),
    seed: values.seed === undefined ? drawSeed() : toWhole('--seed', values.seed),
    only: values.only?.split(','),
    times: values.times === undefined ? undefined : toWhole('--times', values.times),
    plan: values.cut ? 'cut' : 'full',
    projectDir: values.project === undefined ? undefined : resolve(values.project),
    mutants: values.mutants,
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '11' },
        seed: { type: 'string' },
        only: { type: 'string' },
        times: { type: 'string' },
        project: { type: 'string' },
        mutants: { type: 'boolean', default: false },
        cut: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw misuse(error.message);
  }
}

function toNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && value > 0 && value <= max) return value;
  throw misuse(`${name} is a number up to ${max}`);
}

function toWhole(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw misuse(`${name} is a whole number`);
}

function misuse(sentence: string): ClusterFailure {
  return new ClusterFailure(`${sentence.replace(/\.$/, '')}.\n\n${usage}`);
}
