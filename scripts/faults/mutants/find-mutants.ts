import { mkdirSync } from 'node:fs';
import { copyProject } from '../../../test/support/project-copy.ts';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';
import type { Verdict } from '../check/judge.ts';
import type { FaultName } from '../fault-name.ts';
import { applyMutant, type Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { runInProcess } from './run-in-process.ts';

/** Some faults meet what they are for by chance: so often each mutant is tried. */
const tries = 3;

/** What became of a mutant. */
export interface MutantResult {
  readonly name: string;
  /** One of the invariants that it must break was broken. */
  readonly found: boolean;
  /** All that were broken. */
  readonly broken: readonly string[];
  /** Of those that it must break, the ones that the unchanged code broke with the same faults: then nothing is proved. */
  readonly brokenWithout: readonly string[];
}

/** What a search for mutants needs. */
export interface FindOptions {
  readonly seed: number;
  /** These alone. */
  readonly only?: readonly string[] | undefined;
  /** For results and outputs of the runs. */
  readonly dir: string;
  readonly say: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs each mutant with the faults that must show it, until it is found or has been tried often enough; and the unchanged code
 * with the same faults, in which the same invariants must hold. One after another.
 */
export async function findMutants(options: FindOptions): Promise<readonly MutantResult[]> {
  const { say, signal } = options;
  mkdirSync(options.dir, { recursive: true });
  const results: MutantResult[] = [];
  const baselines = new Map<string, Promise<readonly string[]>>();
  for (const mutant of chooseMutants(options.only)) {
    const broken = await tryMutant(mutant, options);
    if (signal.aborted) break;
    const found = mutant.invariants.some((id) => broken.includes(id));
    const name = mutant.faults.join('+');
    const baseline = baselines.get(name) ?? runBaseline(name, mutant.faults, options);
    baselines.set(name, baseline);
    const withoutChange = await baseline;
    const brokenWithout = mutant.invariants.filter((id) => withoutChange.includes(id));
    results.push({ name: mutant.name, found, broken, brokenWithout });
    say(sayResult(mutant, results.at(-1) as MutantResult));
  }
  return results;
}

/** Whether it was found, by invariants that hold in the unchanged code. */
export function isFound({ found, brokenWithout }: MutantResult): boolean {
  return found && brokenWithout.length === 0;
}

async function tryMutant(mutant: Mutant, options: FindOptions): Promise<readonly string[]> {
  using copy = copyProject();
  applyMutant(copy.dir, mutant);
  let broken: readonly string[] = [];
  for (let tried = 0; tried < tries && !options.signal.aborted; tried++) {
    const name = `${mutant.name}-${tried + 1}`;
    options.say(`${name}: ${mutant.faults.join(', ')}, without ${mutant.without} …`);
    const verdicts = await runInProcess(
      { ...mutant, projectDir: copy.dir, seed: options.seed + tried, dir: options.dir, name },
      options.signal,
    );
    broken = toBroken(verdicts);
    if (mutant.invariants.some((id) => broken.includes(id))) break;
  }
  return broken;
}

async function runBaseline(
  name: string,
  faults: readonly FaultName[],
  { seed, dir, say, signal }: FindOptions,
): Promise<readonly string[]> {
  using copy = copyProject();
  say(`unchanged: ${name} …`);
  const run = { projectDir: copy.dir, faults, times: 2, seed, dir, name: `unchanged-${name}` };
  return toBroken(await runInProcess(run, signal));
}

function toBroken(verdicts: readonly Verdict[]): string[] {
  return verdicts.filter(({ holds }) => holds === false).map(({ id }) => id);
}

function chooseMutants(only: readonly string[] | undefined): readonly Mutant[] {
  if (only === undefined) return mutants;
  return only.map((name) => {
    const found = mutants.find((mutant) => mutant.name === name);
    if (found !== undefined) return found;
    const names = mutants.map((mutant) => mutant.name).join(', ');
    throw new ClusterFailure(`There is no mutant ${name}: there are ${names}.`);
  });
}

function sayResult({ invariants }: Mutant, result: MutantResult): string {
  const { name, found, broken, brokenWithout } = result;
  const because = broken.length === 0 ? 'nothing is broken' : `broken: ${broken.join(', ')}`;
  if (!found) return `${name}: NOT FOUND (${because}; one of ${invariants.join(', ')} must be)`;
  if (brokenWithout.length === 0) return `${name}: found (${because})`;
  return `${name}: proves nothing, the unchanged code breaks ${brokenWithout.join(', ')} as well`;
}
