import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { hopliteFile, runHoplite } from '../support/run-hoplite.ts';
import { TestFolder } from '../support/test-database.ts';

test('start runs the app until a signal ends it, with 0', async () => {
  using folder = new TestFolder();
  const env = {
    DATA_DIR: folder.path,
    PORT: `${await findFreePort()}`,
    PRIVATE_PORT: '0',
    LOG_LEVEL: 'silent',
  };
  const child = spawn(process.execPath, [hopliteFile, 'start'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [greeting] = await once(child.stdout, 'data');
    expect(String(greeting)).toContain(`Hoplite listens on http://127.0.0.1:${env.PORT}`);
    const answer = await eventually(() => fetch(`http://127.0.0.1:${env.PORT}/healthz`));
    expect(answer.status).toBe(200);
    using other = new TestFolder();
    expect(await runHoplite(['start'], { ...env, DATA_DIR: other.path })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Hoplite cannot start: cannot listen on 127.0.0.1 port ${env.PORT} (PORT): the port is in use\n`,
    });
  } finally {
    child.kill('SIGTERM');
  }
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('start with mistakes in the environment says all of them and ends with 1', async () => {
  const { exitCode, stdout, stderr } = await runHoplite(['start'], { PORT: 'x', ACCESS: 'all' });
  expect(stderr).toContain('PORT: ');
  expect(stderr).toContain('ACCESS: ');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
});

test('start on a damaged database says what to do and ends with 65', async () => {
  using folder = new TestFolder();
  writeFileSync(folder.file(), 'no database');
  const { exitCode, stderr } = await runHoplite(['start'], { DATA_DIR: folder.path });
  expect(stderr).toContain('Hoplite cannot start: A database is damaged: ');
  expect(stderr).toContain('Nothing is restored over it. Move it away');
  expect(exitCode).toBe(65);
});

test.each(['links.db', 'clicks.db', 'lock'])(
  'start where %s is not to be opened says so without a stack',
  async (name) => {
    using folder = new TestFolder();
    mkdirSync(folder.file(name));
    const { exitCode, stderr } = await runHoplite(['start'], { DATA_DIR: folder.path });
    const [said, ...more] = stderr.split('\n');
    expect(said).toContain(`Hoplite cannot start: ${folder.file(name)} cannot be opened: it`);
    expect(said).toContain('to belong to the user that Hoplite runs as');
    expect({ exitCode, more }).toEqual({ exitCode: 1, more: [''] });
  },
);
