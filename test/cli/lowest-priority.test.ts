import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const file = new URL('../../src/cli/lowest-priority.ts', import.meta.url).href;
const idle = 5;

/** Niceness and policy of each thread of a program that gives way when so many others want the CPU. See proc(5), `stat`. */
function giveWay(runnable: number): { readonly niceness: number; readonly policy: number }[] {
  const program = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { takeLowestPriority } from '${file}';
    takeLowestPriority(${runnable});
    const threads = readdirSync('/proc/self/task').map((thread) => {
      const stat = readFileSync('/proc/self/task/' + thread + '/stat', 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { niceness: Number(fields[16]), policy: Number(fields[38]) };
    });
    console.log(JSON.stringify(threads));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }),
  );
}

test.runIf(process.platform === 'linux').each([
  ['all threads run only when nobody else does, where there is CPU to spare', 0, idle],
  ['all threads get a little CPU, where there is none to spare', 1_000, 0],
])('%s', (_, runnable, policy) => {
  const threads = giveWay(runnable);
  expect(threads.length).toBeGreaterThan(1);
  for (const thread of threads) expect(thread).toEqual({ niceness: 19, policy });
});
