import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findFreePort } from '../support/free-port.ts';
import { boot } from './boot.ts';
import { parseDeployment, readTexts } from './deployment.ts';
import { layOutImage } from './image-tree.ts';

const deployment = parseDeployment(readTexts(), boot);

describe('with nothing but what the image copies', { timeout: 30_000 }, () => {
  let app: string;
  let ports: { public: number; private: number };
  let env: Record<string, string>;
  let running: ChildProcess | undefined;

  beforeAll(async () => {
    app = layOutImage(deployment.texts.Dockerfile);
    ports = { public: await findFreePort(), private: await findFreePort() };
    env = {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      DATA_DIR: join(app, 'data'),
      PORT: String(ports.public),
      PRIVATE_PORT: String(ports.private),
      LOG_LEVEL: 'warn',
    };
  });
  afterAll(() => {
    running?.kill('SIGKILL');
    rmSync(app, { recursive: true });
  });

  const runCommand = (command: string) => {
    const [program = '', ...args] = command.trim().split(/\s+/);
    return spawnSync(program, args, { cwd: app, env, encoding: 'utf8' });
  };

  test('the command before the app runs', () => {
    const migrate = deployment.bare.litefs.exec[0]?.cmd ?? '';
    const { status, stderr } = runCommand(migrate);
    expect(status, stderr).toBe(0);
  });

  test('"hoplite" runs through its link', () => {
    symlinkSync(join(app, deployment.package.bin.hoplite ?? ''), join(app, 'hoplite'));
    const { status, stdout, stderr } = runCommand(`${join(app, 'hoplite')} --help`);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('migrate');
  });

  test('the app starts, answers every path that fly.toml names, and ends with 0', async () => {
    const [program = '', ...args] = (deployment.bare.litefs.exec.at(-1)?.cmd ?? '')
      .trim()
      .split(' ');
    const node = spawn(program, args, { cwd: app, env, stdio: 'inherit' });
    running = node;
    const { fly } = deployment;
    const port = (named: number | undefined) =>
      String(named) === fly.env.PRIVATE_PORT ? ports.private : ports.public;
    const status = async (named: number | undefined, path: string) =>
      (await fetch(`http://127.0.0.1:${port(named)}${path}`)).status;

    const service = fly.http_service.checks.map(({ path = '' }) => ({ port: undefined, path }));
    const others = Object.values(fly.checks).flatMap((check) =>
      check.type === 'http' ? [{ port: check.port, path: check.path ?? '' }] : [],
    );
    for (const { port: named, path } of [...service, ...others, ...fly.metrics]) {
      await vi.waitFor(async () => expect(await status(named, path), path).toBe(200), 20_000);
    }

    node.kill(fly.kill_signal as NodeJS.Signals);
    expect(await once(node, 'exit')).toEqual([0, null]);
  });
});

test('what src imports is a production package', () => {
  const { dependencies } = JSON.parse(deployment.texts['package.json']);
  const root = join(import.meta.dirname, '../..');
  const imported = globSync('src/**/*.ts', { cwd: root }).flatMap((path) =>
    [
      ...readFileSync(join(root, path), 'utf8').matchAll(
        /^(?:import|export)\b[^;]*?from '([^'.][^']*)';/gm,
      ),
    ]
      .map(([, name = '']) => name)
      .filter((name) => !name.startsWith('node:'))
      .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]),
  );
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining([...new Set(imported)]));
});
