import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Misuse, parseOptions } from '../../scripts/deploy/options.ts';
import { smokeTest } from '../../scripts/deploy/smoke-test.ts';
import { createRunFly } from '../../scripts/fly/run-fly.ts';
import { toShellWords } from '../../scripts/fly/shell-words.ts';
import { readFlyToml } from '../../scripts/fly-setup/fly-toml.ts';
import { installFakeFly } from '../support/fake-fly/fake-fly-program.ts';
import { digestOf } from '../support/fake-fly/fake-fly-state.ts';
import { runHere } from '../support/run-command-line.ts';
import { root } from './deployment.ts';

const own = readFlyToml(readFileSync(join(root, 'fly.toml'), 'utf8'));

vi.setConfig({ testTimeout: 60_000 });

const machines = ['ams', 'syd'].map((region) => ({
  id: `${region}1`,
  region,
  state: 'started',
  image: '',
  digest: '',
}));

/** Plays Fly's edge in front of an app: `answer` decides by the machine that is asked for. */
async function startEdge(
  answer: (machine: string, path: string) => [status: number, location?: string],
) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    const machine = String(request.headers['fly-force-instance-id']);
    const [status, location] = answer(machine, request.url ?? '');
    response.writeHead(status, location === undefined ? {} : { location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const works = (path: string): [number, string?] =>
  path === '/readyz' ? [200] : [302, 'https://example.com/'];

describe('the smoke test', () => {
  const hopliteCalls: string[] = [];
  const hoplite = async ({ id }: { id: string }, words: string) => {
    hopliteCalls.push(`${id}: ${words}`);
    return words.startsWith('link create') ? 'Connecting…\n{ "slug": "x7k2mq" }\n' : '';
  };

  test('makes a link on one machine, follows it through each, and deletes it', async () => {
    const { origin, seen } = await startEdge((_, path) => works(path));
    expect(await smokeTest(machines, { origin, hoplite, fetch })).toEqual([]);
    expect(hopliteCalls).toEqual([
      'syd1: link create https://example.com/ --json',
      'syd1: link delete x7k2mq --yes',
    ]);
    expect(new Set(seen.map((headers) => headers['fly-force-instance-id']))).toEqual(
      new Set(['ams1', 'syd1']),
    );
  });

  test.for<
    [name: string, answer: (machine: string, path: string) => [number, string?], says: RegExp]
  >([
    [
      'does not know the link',
      (machine, path) => (machine === 'syd1' && path !== '/readyz' ? [404] : works(path)),
      /^syd1 in syd answered 404 {2}for a new link\.$/,
    ],
    [
      'leads somewhere else',
      (machine, path) =>
        machine === 'ams1' && path !== '/readyz' ? [302, 'https://evil.example/'] : works(path),
      /ams1 in ams answered 302 https:\/\/evil\.example\//,
    ],
    [
      'is not ready',
      (machine, path) => (machine === 'syd1' && path === '/readyz' ? [503] : works(path)),
      /^syd1 in syd answered 503 at \/readyz\.$/,
    ],
  ])('says which machine %s', async ([, answer, says]) => {
    const { origin } = await startEdge(answer);
    const faults = await smokeTest(machines, { origin, hoplite, fetch });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(says);
  });

  test('says that nothing answers, and that no link can be made', async () => {
    const nowhere = { origin: 'http://127.0.0.1:1', hoplite, fetch };
    expect((await smokeTest(machines, nowhere))[0]).toContain('was not reached');
    const broken = async () => Promise.reject(new Error('no node answers'));
    expect(await smokeTest(machines, { ...nowhere, hoplite: broken })).toEqual([
      'No link could be made on syd1 in syd: no node answers',
    ]);
  });
});

describe('the options', () => {
  const config = ['--config', join(root, 'fly.toml')];

  test('come from fly.toml, and what is empty counts as left out', () => {
    const fromFile = {
      app: own.app,
      configFile: join(root, 'fly.toml'),
      primaryRegion: own.primaryRegion,
      origin: own.baseUrl,
      image: undefined,
      backup: true,
      anyway: false,
    };
    expect(parseOptions(config)).toEqual(fromFile);
    expect(parseOptions([...config, '--app', '', '--image', '', '--backup', ''])).toEqual(fromFile);
    expect(parseOptions([...config, '--app', 'shop', '--backup', 'no', '--anyway'])).toMatchObject({
      app: 'shop',
      backup: false,
      anyway: true,
    });
    expect(parseOptions(['--help'])).toBe('help');
  });

  test.for([
    [['--image', 'registry.fly.io/shop:latest'], /by digest/],
    [['--backup', 'later'], /yes or no/],
    [['--ap', 'shop'], /--ap/],
  ] as const)('%j is not understood', ([args, says]) => {
    expect(() => parseOptions([...config, ...args])).toThrow(Misuse);
    expect(() => parseOptions([...config, ...args])).toThrow(says);
  });

  test('a fly.toml that is none is an error', () => {
    expect(() => parseOptions(['--config', join(root, 'README.md')])).toThrow('cannot be read');
  });
});

test('what is printed can be copied into a shell', () => {
  expect(toShellWords(['fly', 'ssh', '--command', "it's here"])).toBe(
    `fly ssh --command 'it'\\''s here'`,
  );
});

test('a command of fly is said before it is run, a question no less than a change', async () => {
  const fake = installFakeFly({ apps: ['shop'] });
  const saidAfter: [line: string, calls: number][] = [];
  const run = createRunFly({
    env: fake.env,
    print: (line) => saidAfter.push([line, fake.memory().calls.length]),
    signal: new AbortController().signal,
  });
  await run({ args: ['auth', 'whoami'], isQuestion: true });
  await run({ args: ['secrets', 'deploy', '--app', 'shop'], isQuestion: false });
  expect(saidAfter).toEqual([
    ['$ fly auth whoami', 0],
    ['$ fly secrets deploy --app shop', 1],
  ]);
  expect(fake.memory().calls).toHaveLength(2);
});

test.for([
  ['backup now', '--help'],
  ['status', '--json'],
  ['link create', '--json'],
  ['link delete', '--yes'],
] as const)('what machines are asked for exists: hoplite %s %s', async ([name, option]) => {
  const { stdout } = await runHere([...name.split(' '), '--help']);
  expect(stdout).toContain(`Usage: hoplite ${name} `);
  expect(stdout).toContain(option);
});

describe('the command', () => {
  const former = digestOf('former');
  const image = `registry.fly.io/shop@${digestOf('next')}`;

  /** With a fly that, when it `hangs`, stays in the first deployment until it is told to end. */
  async function start(args: readonly string[], origin: string, fly?: 'hangs') {
    const fake = installFakeFly({
      apps: ['shop'],
      secrets: { BACKUP_URL: 's3://shop/backups' },
      schema: 99,
      machines: [{ id: 'ams1', region: 'ams', state: 'started', digest: former, volume: 'v1' }],
    });
    if (fly === 'hangs') {
      const program = join(fake.folder, 'fly');
      const hang = `[ "$1" = deploy ] && { echo $$ > ${fake.folder}/pid; exec sleep 600; }`;
      writeFileSync(
        program,
        readFileSync(program, 'utf8').replace('exec', () => `${hang}\nexec`),
      );
    }
    writeFileSync(
      join(fake.folder, 'fly.toml'),
      `app = "shop"\nprimary_region = "ams"\n\n[env]\nBASE_URL = "${origin || 'http://127.0.0.1:1'}"\n`,
    );
    const child = spawn(process.execPath, [join(root, 'scripts/deploy/main.ts'), ...args], {
      cwd: fake.folder,
      env: fake.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { fake, child, exited, stdout: text(child.stdout), stderr: text(child.stderr) };
  }

  test('deploys, says each command of fly before it runs it, and ends with 0', async () => {
    const { origin } = await startEdge((_, path) => works(path));
    const { fake, exited, stdout } = await start(['--image', image], origin);
    const said = await stdout;
    expect(await exited, said).toBe(0);
    const { calls, state } = fake.memory();
    const lines = said.split('\n').filter((line) => line.startsWith('$ fly '));
    expect(lines).toContain(
      `$ fly deploy --app shop --config fly.toml --image ${image} --regions ams --update-only --ha=false --yes`,
    );
    // What is asked again and again is said once between two changes.
    const asked = new Set(calls.map((call) => `$ fly ${call}`.replaceAll("'", '')));
    expect(new Set(lines.map((line) => line.replaceAll("'", '')))).toEqual(asked);
    expect(state.machines[0]?.digest).toBe(digestOf('next'));
    expect(said).toContain(`Every machine of shop runs ${image}.`);
  });

  test('is interrupted by SIGTERM: ends with 130, and leaves no fly behind', async () => {
    const { child, exited, stdout, fake } = await start(['--image', image], '', 'hangs');
    const pid = await vi.waitFor(
      () => Number(readFileSync(join(fake.folder, 'pid'), 'utf8')),
      30_000,
    );
    child.kill('SIGTERM');
    expect(await exited).toBe(130);
    expect(await stdout).toContain(`npm run deploy -- --app shop --image ${image}`);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('is not understood with an image by tag', async () => {
    const misused = await start(['--image', 'shop:latest'], '');
    expect(await misused.exited).toBe(2);
    expect(await misused.stderr).toContain('by digest');
  });
});
