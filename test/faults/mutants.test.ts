import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { invariants } from '../../scripts/faults/check/invariants.ts';
import { applyMutant, type Mutant } from '../../scripts/faults/mutants/mutant.ts';
import { mutants } from '../../scripts/faults/mutants/mutants.ts';
import { copyProject } from '../support/project-copy.ts';

describe('the mutants', () => {
  test('are one for each protection of a fleet', () => {
    expect(mutants.map(({ name }) => name)).toEqual([
      'ack-wait',
      'fence',
      'guard-time-outs',
      'acquire-gate',
      'drain',
      'position-check',
      'cursor-in-transaction',
      'keep-after-ack',
      'epoch-in-bookmark',
    ]);
  });

  test('are to be shown by invariants that there are', () => {
    const ids = invariants.map(({ id }) => id);
    for (const mutant of mutants)
      expect(ids).toEqual(expect.arrayContaining([...mutant.invariants]));
  });

  test('fit the source as it is, and compile', () => {
    using copy = copyProject();
    for (const mutant of mutants) applyMutant(copy.dir, mutant);
    const config = JSON.parse(readFileSync(join(projectDir, 'tsconfig.json'), 'utf8'));
    const file = join(copy.dir, 'tsconfig.json');
    writeFileSync(file, JSON.stringify({ ...config, include: ['src'] }));
    const tsc = join(projectDir, 'node_modules/.bin/tsc');
    expect(execFileSync(process.execPath, [tsc, '-p', file], { encoding: 'utf8' })).toBe('');
  }, 120_000);

  const mutant: Mutant = {
    ...(mutants[0] as Mutant),
    changes: [{ file: 'package.json', find: '"name"', replace: '"mane"' }],
  };

  test('change the one place that they name', () => {
    using copy = copyProject();
    applyMutant(copy.dir, mutant);
    expect(readFileSync(join(copy.dir, 'package.json'), 'utf8')).toContain('"mane": "hoplite"');
  });

  test.each([
    ['nowhere', '"no such text"'],
    ['more than once', '"'],
  ])('are refused where the source holds their place %s', (where, find) => {
    using copy = copyProject();
    copyFileSync(join(projectDir, 'package.json'), join(copy.dir, 'package.json'));
    const unfit = { ...mutant, changes: [{ file: 'package.json', find, replace: '' }] };
    expect(() => applyMutant(copy.dir, unfit)).toThrow(where);
  });
});
