import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from './deployment.ts';

const folder = mkdtempSync(join(tmpdir(), 'hoplite-ci-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, '.ci'));
mkdirSync(join(folder, 'bin'));
copyFileSync(join(root, '.ci/run'), join(folder, '.ci/run'));

/** Runs `.ci/run` with an npm that writes `report` as vitest would, and ends with `exitCode`. */
function runCi(report: unknown, exitCode: number) {
  const npm = join(folder, 'bin/npm');
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report) ?? '');
  writeFileSync(
    npm,
    `#!/bin/sh
[ "$CI" = true ] && [ "$1" = test ] || exit 99
echo "what npm prints"
for arg; do case $arg in --outputFile.json=*) cp report.json "\${arg#*=}";; esac; done
exit ${exitCode}
`,
  );
  chmodSync(npm, 0o755);
  const { stdout, status } = spawnSync(join(folder, '.ci/run'), {
    env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
    encoding: 'utf8',
  });
  return { lines: stdout.trimEnd().split('\n'), status };
}

test.for([
  {
    name: 'counts what passed',
    report: { numPassedTests: 412, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    exitCode: 0,
    line: '412 passed, 0 failed',
  },
  {
    name: 'counts what failed, and keeps the exit code',
    report: { numPassedTests: 410, numFailedTests: 2, numPendingTests: 0, numTodoTests: 0 },
    exitCode: 1,
    line: '410 passed, 2 failed',
  },
  {
    name: 'counts what was skipped',
    report: { numPassedTests: 5, numFailedTests: 0, numPendingTests: 2, numTodoTests: 1 },
    exitCode: 0,
    line: '5 passed, 0 failed, 3 skipped',
  },
  {
    name: 'counts a run that fails without a failing test as a failure',
    report: { numPassedTests: 7, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    exitCode: 1,
    line: '7 passed, 1 failed',
  },
  {
    name: 'counts a run that never came to its tests as a failure',
    report: undefined,
    exitCode: 2,
    line: '0 passed, 1 failed',
  },
])('the CI run $name', ({ report, exitCode, line }) => {
  const { lines, status } = runCi(report, exitCode);
  expect(lines).toEqual(['what npm prints', line]);
  expect(status).toBe(exitCode);
});
