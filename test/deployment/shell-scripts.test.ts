import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { root } from './deployment.ts';

test.for(['.ci/run', ...globSync('scripts/**/*.sh', { cwd: root })])(
  'shellcheck has nothing to say of %s',
  (path) => {
    const { stdout, status } = spawnSync('shellcheck', [path], { cwd: root, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  },
);

describe('the trial of the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hoplite-docker-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs it with a Docker that notes each call, and a container that ends with `exitCode`. */
  function tryImage({ answers, exitCode }: { answers: boolean; exitCode: number }) {
    const calls = join(folder, 'calls');
    writeFileSync(calls, '');
    addProgram(
      'docker',
      `echo "$1" >> ${calls}
case "$*" in
  *--version) echo 0.1.0;;
  run*) echo c0ffee;;
  port*) echo 127.0.0.1:49153;;
  inspect*) echo ${exitCode};;
esac`,
    );
    addProgram('curl', `echo "curl $*" >> ${calls}; exit ${answers ? 0 : 22}`);
    const { stdout, stderr, status } = spawnSync(join(root, 'scripts/image/try-image.sh'), {
      env: { PATH: `${folder}:/usr/bin:/bin` },
      encoding: 'utf8',
    });
    return { stdout, stderr, status, calls: readFileSync(calls, 'utf8') };
  }

  function addProgram(name: string, script: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  test('builds, starts, asks, stops and removes', () => {
    const { stdout, status, calls } = tryImage({ answers: true, exitCode: 0 });
    expect(status).toBe(0);
    expect(stdout).toContain('version 0.1.0');
    expect(calls.split('\n').map((call) => call.split(' ')[0])).toEqual([
      'build',
      'run',
      'run',
      'port',
      'curl',
      'stop',
      'inspect',
      'rm',
      '',
    ]);
    expect(calls).toContain('http://127.0.0.1:49153/healthz');
  });

  test.for([
    {
      name: 'does not answer',
      container: { answers: false, exitCode: 0 },
      says: 'does not answer',
    },
    { name: 'ends with 1', container: { answers: true, exitCode: 1 }, says: 'ended with 1' },
  ])('fails when the container $name, and removes it', ({ container, says }) => {
    const { status, stderr, calls } = tryImage(container);
    expect(status).toBe(1);
    expect(stderr).toContain(says);
    expect(calls).toMatch(/logs\n(.*\n)*rm\n$/);
  });
});
