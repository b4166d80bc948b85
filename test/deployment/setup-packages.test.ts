import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { collectOutcome, openScratchClone } from './scratch-clone.ts';

// Each test runs several processes, beside others.
vi.setConfig({ testTimeout: 30_000 });

/** An npm that notes each call and makes a `node_modules` with this version of Node. */
function npm(version: string): string {
  return `echo "$@" >> "$HERE/calls"
mkdir -p "$HERE/node_modules/.bin"
printf '#!/bin/sh\\necho ${version}\\n' > "$HERE/node_modules/.bin/node"
chmod +x "$HERE/node_modules/.bin/node"`;
}

const call = 'ci --include=dev --no-audit --no-fund --loglevel=error\n';

test('installs the packages of a fresh clone, once', async () => {
  const clone = openScratchClone();
  clone.addProgram('npm', npm('v24.21.0'));
  expect(await clone.run([])).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: 'hoplite: installing the npm packages (about 15 s)\n',
  });
  expect(await clone.run([])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect(clone.read('calls')).toBe(call);
});

test('installs them again when the lockfile has changed', async () => {
  const clone = openScratchClone();
  clone.addProgram('npm', npm('v24.21.0'));
  await clone.run([]);
  clone.write('package-lock.json', `${clone.read('package-lock.json')}\n`);
  await clone.run([]);
  expect(clone.read('calls')).toBe(call + call);
});

test('takes over what a developer has installed', async () => {
  const clone = openScratchClone();
  clone.addProgram('npm', npm('v24.21.0'));
  await clone.run([]);
  const lockfile = JSON.parse(clone.read('package-lock.json') ?? '');
  const { '': top, ...packages } = lockfile.packages;
  const added = { version: '1.0.0' };
  const write = (path: string, entries: object) =>
    clone.write(path, JSON.stringify({ packages: entries }));

  write('package-lock.json', { '': top, ...packages, 'node_modules/added': added });
  write('node_modules/.package-lock.json', { ...packages, 'node_modules/added': added });
  expect(await clone.run([])).toMatchObject({ exitCode: 0, stderr: '' });
  expect(clone.read('calls')).toBe(call);

  write('package-lock.json', {
    '': top,
    ...packages,
    'node_modules/added': { version: '1.0.1' },
  });
  await clone.run([]);
  expect(clone.read('calls')).toBe(call + call);
});

test('shows what npm says when it fails', async () => {
  const clone = openScratchClone();
  clone.addProgram('npm', 'echo "npm error ENOTFOUND registry" >&2; exit 1');
  const { exitCode, stderr } = await clone.run([]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('npm ci failed:\nnpm error ENOTFOUND registry');
  expect(clone.read('node_modules/.hoplite-setup')).toBeUndefined();
});

test('refuses a Node that is not the one of package.json', async () => {
  const clone = openScratchClone();
  clone.addProgram('npm', npm('v20.20.2'));
  const { exitCode, stderr } = await clone.run([]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('node_modules/.bin/node should be Node v24.21.0 and is v20.20.2.');
});

test('two set-ups at once install once; the second waits and says so', async () => {
  const clone = openScratchClone();
  // This npm waits for the other end of a pipe, which opens once the second set-up is seen to wait.
  execFileSync('mkfifo', [join(clone.folder, 'go-on')]);
  clone.addProgram('npm', `cat "$HERE/go-on"\n${npm('v24.21.0')}`);
  const first = clone.start([]);
  const outcome = collectOutcome(first);
  await once(first.stderr as NodeJS.ReadableStream, 'data');
  const second = clone.start([]);
  const secondOutcome = collectOutcome(second);
  await once(second.stderr as NodeJS.ReadableStream, 'data');
  clone.write('go-on', 'now');
  expect(await outcome).toMatchObject({ exitCode: 0 });
  expect(await secondOutcome).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: `hoplite: another set-up of this folder is at work (process ${first.pid}); waiting for it\n`,
  });
  expect(clone.read('calls')).toBe(call);
});

test('a set-up that was killed leaves no lock behind', async () => {
  const clone = openScratchClone();
  // The first npm kills who called it; the second finds the folder that the first has made.
  clone.addProgram('npm', `mkdir "$HERE/began" && kill -9 $PPID\n${npm('v24.21.0')}`);
  const { exitCode } = await clone.run([]);
  expect(exitCode).toBeNull();
  expect(await clone.run([])).toMatchObject({ exitCode: 0 });
});

test('refuses a flag that it does not know', async () => {
  const clone = openScratchClone();
  const { exitCode, stderr } = await clone.run(['--flet']);
  expect(exitCode).toBe(1);
  expect(stderr).toBe('hoplite: --flet is unknown: the flags are --fleet, --faults and --test.\n');
});
