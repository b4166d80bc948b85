import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { readFlyToml, writeFlyToml } from '../../scripts/fly-setup/fly-toml.ts';
import { Misuse, makeChoices, parseOptions } from '../../scripts/fly-setup/options.ts';
import type { Choices } from '../../scripts/fly-setup/step.ts';
import { volumeName } from '../../scripts/fly-setup/steps/volumes.ts';
import { installFakeFly } from '../support/fake-fly/fake-fly-program.ts';
import { root } from './deployment.ts';

vi.setConfig({ testTimeout: 60_000 });

const toml = readFileSync(join(root, 'fly.toml'), 'utf8');

const choices: Choices = {
  app: 'shop-links',
  org: undefined,
  primaryRegion: 'ams',
  otherRegions: [],
  domain: 'go.example.com',
  bucket: undefined,
  volumeGb: 1,
};

describe('fly.toml', () => {
  test('gets three lines, and keeps all others', () => {
    const changed = writeFlyToml(toml, choices);
    expect(readFlyToml(changed)).toEqual({
      app: 'shop-links',
      primaryRegion: 'ams',
      baseUrl: 'https://go.example.com',
    });
    const before = toml.split('\n');
    const differing = changed.split('\n').filter((line, index) => line !== before[index]);
    expect(differing.length).toBeLessThanOrEqual(3);
    expect(writeFlyToml(changed, { ...choices, domain: undefined })).toContain(
      'BASE_URL = "https://shop-links.fly.dev"',
    );
  });

  test('is told what it lacks in words', () => {
    expect(() => readFlyToml("app = 'shop'")).toThrow(
      'no line like this one, with double quotes: app = "shop-links"',
    );
  });

  test('names the volume that is made', () => {
    expect(toml).toContain(`source = "${volumeName}"`);
  });
});

describe('the choices', () => {
  const file = { app: 'hoplite', primaryRegion: 'ams', baseUrl: 'https://hoplite.fly.dev' };
  const choose = (args: readonly string[], ask?: Parameters<typeof makeChoices>[2], own = file) => {
    const options = parseOptions(args);
    return options === 'help' ? Promise.reject(new Error('help')) : makeChoices(options, own, ask);
  };

  test('come from the command line, then from answers, then from fly.toml', async () => {
    expect(await choose(['--app', 'shop', '--regions', 'iad, syd'])).toEqual({
      app: 'shop',
      org: undefined,
      primaryRegion: 'ams',
      otherRegions: ['iad', 'syd'],
      domain: undefined,
      bucket: 'shop-backups',
      volumeGb: 1,
    });
    const asked: string[] = [];
    const answers = async (question: string, offered: string) => {
      asked.push(`${question} [${offered}]`);
      return question.startsWith('Other') ? 'iad' : offered;
    };
    const own = { app: 'mine', primaryRegion: 'fra', baseUrl: 'https://go.example.com' };
    expect(await choose(['--no-backups'], answers, own)).toMatchObject({
      app: 'mine',
      primaryRegion: 'fra',
      otherRegions: ['iad'],
      domain: 'go.example.com',
      bucket: undefined,
    });
    expect(asked).toEqual([
      'Name of the app [mine]',
      'Primary region, where writes happen [fra]',
      'Other regions, separated by commas []',
      'Domain of your own, or nothing [go.example.com]',
    ]);
  });

  test('are asked for again where an answer cannot be', async () => {
    const asked: string[] = [];
    const typed = [
      '',
      'My App',
      'shop',
      'Amsterdam',
      'ams',
      'iad, ?',
      'iad',
      'https://go.example',
      '',
    ];
    const answers = async (question: string, offered: string) => {
      asked.push(question);
      return typed.shift() || offered;
    };
    expect(await choose([], answers)).toMatchObject({
      app: 'shop',
      primaryRegion: 'ams',
      otherRegions: ['iad'],
      domain: undefined,
    });
    expect(asked).toEqual([
      'Name of the app',
      'The app needs a name of its own: --app <name>.\nName of the app',
      'The name of an app is small letters, digits and "-"; "My App" is not.\nName of the app',
      'Primary region, where writes happen',
      expect.stringMatching(/three small letters; "Amsterdam" is not\.\nPrimary region/),
      'Other regions, separated by commas',
      expect.stringMatching(/three small letters; "\?" is not\.\nOther regions/),
      'Domain of your own, or nothing',
      expect.stringMatching(/like go\.example\.com; "https:\/\/go\.example" is not\.\nDomain/),
    ]);
  });

  test.for([
    [[], /needs a name of its own/],
    [['--app', 'shop', '--bucket', 'My bucket'], /name of a bucket/],
    [['--app', 'Shop'], /small letters/],
    [['--app', 'shop', '--primary-region', 'amsterdam'], /three small letters/],
    [['--app', 'shop', '--regions', 'ams;rm'], /three small letters/],
    [['--app', 'shop', '--domain', 'https://go.example.com'], /like go\.example\.com/],
    [['--app', 'shop', '--volume-gb', 'big'], /whole number/],
    [['--apps', 'shop'], /--apps/],
  ] as const)('%j is not understood', async ([args, says]) => {
    await expect((async () => choose(args))()).rejects.toThrow(Misuse);
    await expect((async () => choose(args))()).rejects.toThrow(says);
  });
});

describe('the command', () => {
  const run = (
    fake: { folder: string; env: Readonly<Record<string, string>> },
    ...args: string[]
  ) => {
    writeFileSync(join(fake.folder, 'fly.toml'), toml);
    return spawnSync(process.execPath, [join(root, 'scripts/fly-setup/main.ts'), ...args], {
      cwd: fake.folder,
      env: fake.env,
      encoding: 'utf8',
    });
  };

  test('with --dry-run calls fly for nothing but looking, and leaves fly.toml', () => {
    const fake = installFakeFly();
    const { status, stdout, stderr } = run(
      fake,
      '--dry-run',
      '--app',
      'shop-links',
      '--primary-region',
      'ams',
      '--regions',
      'iad',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('Fly knows you as ada@example.com.');
    expect(stdout).toContain('fly.toml would get app "shop-links"');
    expect(stdout).toContain('\n$ fly scale count 2 --app shop-links --region ams --yes\n');
    expect(
      fake.memory().calls.filter((call) => !/^(auth whoami|apps list --json)$/.test(call)),
    ).toEqual([]);
    expect(readFileSync(join(fake.folder, 'fly.toml'), 'utf8')).toBe(toml);
  });

  test('with --yes walks the whole way, and says each command once', () => {
    const fake = installFakeFly();
    const { status, stdout, stderr } = run(
      fake,
      '--yes',
      '--app',
      'shop-links',
      '--primary-region',
      'ams',
      '--no-backups',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(fake.memory().state.machines).toHaveLength(2);
    expect(stdout.match(/^\$ fly scale count .*$/gm)).toHaveLength(1);
    const key = /ADMIN_KEY=([0-9a-f]{64})\n/.exec(stdout)?.[1];
    expect(fake.memory().state.secrets.ADMIN_KEY).toBe(key);
    expect(readFileSync(join(fake.folder, 'fly.toml'), 'utf8')).toContain('app = "shop-links"');
  });

  test('says what is wrong before it changes anything', () => {
    const fake = installFakeFly();
    expect(run({ ...fake, env: { PATH: '/nowhere' } }, '--yes').stderr).toContain(
      'There is no fly on the PATH. Install it as https://fly.io/docs/flyctl/install/ says',
    );
    const nowhere = run(fake, '--dry-run', '--app', 'shop', '--config', 'no.toml');
    expect(nowhere.stderr).toBe(
      'no.toml cannot be read; run this where it is, or name it with --config.\n',
    );
    expect(nowhere.status).toBe(1);
    const alone = run(fake, '--app', 'shop');
    expect(alone.stderr).toContain('Nobody is there to ask: add --yes');
    expect(alone.status).toBe(2);
  });

  /** Sits at a terminal: types each answer when its question is there, and nothing more. */
  async function converse(answers: readonly (readonly [question: string, answer: string])[]) {
    const fake = installFakeFly();
    writeFileSync(join(fake.folder, 'fly.toml'), toml);
    const command = `'${process.execPath}' '${join(root, 'scripts/fly-setup/main.ts')}'`;
    const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: fake.folder,
      env: fake.env,
    });
    let said = '';
    let read = 0;
    const left = [...answers];
    terminal.stdout.on('data', (chunk) => {
      said += chunk;
      for (;;) {
        const [question, answer] = left[0] ?? [];
        const at = question === undefined ? -1 : said.indexOf(question, read);
        if (question === undefined || at < 0) return;
        read = at + question.length;
        terminal.stdin.write(answer ?? '');
        left.shift();
      }
    });
    const [exitCode] = await once(terminal, 'close');
    return { said, exitCode, ...fake.memory() };
  }

  const choosing = [
    ['Name of the app', 'shop-links\n'],
    ['Primary region', 'ams\n'],
    ['Other regions', '\n'],
    ['Domain of your own', '\n'],
  ] as const;

  test('asks a person, does what is agreed to, and stops at a no', async () => {
    const { said, exitCode, state } = await converse([
      ...choosing,
      ['$ fly apps create shop-links', ''],
      ['Run it? [Y/n]', '\n'],
      ['# reads FLEET_SECRET, ADMIN_KEY from stdin', ''],
      ['Run it? [Y/n]', 'n\n'],
    ]);
    expect(said).toContain('Stopped here.');
    expect(exitCode).toBe(1);
    expect(state).toMatchObject({ apps: ['shop-links'], secrets: {} });
  });

  test.for([
    ['Ctrl-D', '\u0004'],
    ['Ctrl-C', '\u0003'],
  ] as const)('stops at %s', async ([, key]) => {
    const { said, exitCode, state } = await converse([...choosing, ['Run it? [Y/n]', key]]);
    expect(said).toContain('Stopped here.');
    expect(exitCode).toBe(1);
    expect(state.apps).toEqual([]);
  });
});
