import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parseOptions as parseDeploy } from '../../scripts/deploy/options.ts';
import { Fly } from '../../scripts/fly/fly.ts';
import { parseOptions as parseSetUp } from '../../scripts/fly-setup/options.ts';
import { setUp } from '../../scripts/fly-setup/set-up.ts';
import { FakeFly } from '../support/fake-fly/fake-fly.ts';
import { runHere } from '../support/run-command-line.ts';
import { root } from './deployment.ts';

const page = readFileSync(join(root, 'docs/deploy.md'), 'utf8');

/** The lines of the page's blocks, and the commands that stand between backquotes. */
const lines = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
);
const mentions = [
  ...page.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`((?:fly|npm run|hoplite) [^`]+)`/g),
].map(([, command = '']) => command);
const commands = [...lines, ...mentions];

/** Splits as a shell does, as far as the page goes. What a command prints into another stands as it is. */
function toWords(command: string): string[] {
  return [...command.matchAll(/(?:"[^"]*"|\$\([^)]*\)|[^\s"])+/g)].map(([word]) =>
    word.replaceAll('"', ''),
  );
}

/** The commands of `fly` that can be typed as they stand, in order; a mention without options is only a name. */
const flyCommands = [...lines, ...mentions.filter((command) => command.includes(' --'))].filter(
  (command) => command.startsWith('fly '),
);

test('the page has the commands that this test looks at', () => {
  expect(flyCommands.length).toBeGreaterThan(25);
});

test('the commands of fly, one after the other, lead from nothing to a fleet and through all that the page tells', () => {
  const fake = new FakeFly();
  fake.interfere = ({ command, words, flags }) => {
    // The page names a machine and a volume by ids that are only examples.
    if (
      command === 'machine destroy' ||
      command === 'volumes destroy' ||
      command === 'volumes extend'
    )
      return {};
    if (command !== 'ssh console') return undefined;
    expect(flags.command?.startsWith('hoplite ') ?? words.length > 0).toBe(true);
    return {};
  };
  for (const command of flyCommands) {
    const { exitCode, stderr } = fake.call(toWords(command).slice(1));
    expect(`${command} ${stderr}`).toBe(`${command} `);
    expect(exitCode).toBe(0);
  }
  const { machines, secrets } = fake.state;
  expect(machines.map(({ region }) => region)).toEqual(['ams', 'ams', 'iad', 'nrt']);
  expect(Object.keys(secrets)).toEqual(
    expect.arrayContaining([
      'FLEET_SECRET',
      'ADMIN_KEY',
      'FLY_CONSUL_URL',
      'BUCKET_NAME',
      'BACKUP_KEY',
    ]),
  );
});

test('what it does by hand is what npm run fly-setup does', async () => {
  const byHand = new FakeFly();
  const start = page.indexOf('### The same by hand');
  const section = page.slice(start, page.indexOf('### Your own domain'));
  for (const command of flyCommands) {
    if (section.includes(command)) byHand.call(toWords(command).slice(1));
  }
  const bySetUp = new FakeFly();
  await setUp(
    {
      app: 'shop-links',
      org: undefined,
      primaryRegion: 'ams',
      otherRegions: ['iad'],
      domain: undefined,
      bucket: 'shop-links-backups',
      volumeGb: 1,
    },
    {
      fly: new Fly(bySetUp.run),
      print: () => {},
      confirm: async () => true,
      isDryRun: false,
      configFile: 'fly.toml',
      randomSecret: () => 'x',
      now: () => 0,
      sleep: async () => {},
    },
  );
  const names = ({ state }: FakeFly) => ({
    ...state,
    secrets: Object.keys(state.secrets).sort(),
  });
  expect(names(byHand)).toEqual(names(bySetUp));
});

test('the other commands exist and are understood', async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const command of commands) {
    const [program, ...words] = toWords(command);
    if (program === 'npm') {
      expect(scripts, command).toHaveProperty(words[1] as string);
      const args = words.slice(words.indexOf('--') < 0 ? words.length : words.indexOf('--') + 1);
      const parse = { deploy: parseDeploy, 'fly-setup': parseSetUp }[words[1] as string];
      const config = words[1] === 'deploy' ? ['--config', join(root, 'fly.toml')] : [];
      expect(() => parse?.([...args, ...config]), command).not.toThrow();
    } else if (program === 'hoplite') {
      await expectHoplite(words);
    } else {
      expect(['fly', 'git', '--backup'], command).toContain(program);
    }
  }
  for (const [, command = ''] of page.matchAll(/--command "hoplite ([^"]+)"/g)) {
    await expectHoplite(command.split(' '));
  }
});

/** Expects a command of `hoplite` that has these names and takes these options. */
async function expectHoplite(words: readonly string[]): Promise<void> {
  const names = words.filter((word) => !word.startsWith('-'));
  const { exitCode, stdout } = await runHere([...names, '--help']);
  expect(exitCode, words.join(' ')).toBe(0);
  // For a command that it does not have, commander gives the help of the whole.
  expect(stdout).toContain(`Usage: hoplite ${names.join(' ')} `);
  for (const option of words.filter((word) => word.startsWith('-')))
    expect(stdout).toContain(option);
}

test('its links lead somewhere', () => {
  for (const [, link = ''] of page.matchAll(/\]\((?!https:)([^)]+)\)/g)) {
    const [file = '', anchor] = link.split('#');
    const path = join(root, 'docs', file);
    expect(existsSync(path), link).toBe(true);
    if (anchor === undefined) continue;
    const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(
      ([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(' ', '-'),
    );
    expect(headings, `${link} in ${dirname(path)}`).toContain(anchor);
  }
});
