import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeError } from '../../src/cli/describe-error.ts';
import { runHere } from '../support/run-command-line.ts';
import { hopliteFile, runHoplite } from '../support/run-hoplite.ts';

describe('what is not understood ends with 2 and says why', () => {
  test.each([
    ['no command', [], 'Usage: hoplite'],
    ['a group without a command', ['link'], 'Usage: hoplite link'],
    ['a misspelt command', ['linc'], 'Did you mean link?'],
    ['a misspelt subcommand', ['link', 'creat'], 'Did you mean create?'],
    ['a misspelt option', ['link', 'list', '--serch', 'x'], 'Did you mean --search?'],
    ['an option without its value', ['link', 'list', '--search'], 'argument missing'],
    ['a missing argument', ['link', 'create'], "missing required argument 'destination'"],
    ['an argument too many', ['key', 'list', 'extra'], 'too many arguments'],
    ['a redirect code that is none', ['link', 'create', 'x', '--redirect-code', '300'], '301, 302'],
    ['an order that is none', ['link', 'list', '--sort', 'name'], '-createdAt'],
    ['--all with --limit', ['link', 'list', '--all', '--limit', '5'], 'cannot be used with'],
    ['a number of backups that is none', ['backup', 'list', '--limit', '0'], 'at least 1'],
    ['no slug', ['link', 'show', ''], 'the slug of a link'],
    [
      'a short URL without a slug',
      ['link', 'show', 'http://localhost:8080/'],
      'the slug of a link',
    ],
    ['too many rows', ['import', 'x', '--rows-per-request', '10001'], 'from 1 to 10000'],
    [
      '--from with --columns',
      ['import', 'x', '--from', 'dub', '--columns', 'destination=a'],
      'cannot be used',
    ],
    ['a number that is none', ['migrate', 'down', '--to', '0001_links'], 'number of a migration'],
  ])('%s', async (_, args, words) => {
    const { exitCode, stdout, stderr } = await runHere(args);
    expect(stderr).toContain(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  test('as a process too', async () => {
    expect(await runHoplite(['link', 'create'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: "error: missing required argument 'destination'\n(add --help for what it takes)\n",
    });
  });
});

test.each([
  [['--help'], 'doctor'],
  [['help', 'migrate'], 'check'],
  [['migrate', 'up', '--help'], '--on-primary'],
  [['--version'], JSON.parse(readFileSync('package.json', 'utf8')).version],
])('hoplite %j prints what was asked for', async (args, words) => {
  const { exitCode, stdout, stderr } = await runHere(args);
  expect(stdout).toContain(words);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});

test('the file runs by itself, as the image links it', () => {
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` };
  expect(spawnSync(hopliteFile, ['--version'], { env })).toMatchObject({ status: 0 });
});

test('every command in the README exists', async () => {
  const readme = readFileSync('README.md', 'utf8');
  const commands = [
    ...readme.matchAll(
      /^npm run hoplite -- (\w+(?: (?:create|list|show|delete|revoke|up|down|status|check|new))?)/gm,
    ),
  ].map(([, command = '']) => command.split(' '));
  expect(commands.length).toBeGreaterThanOrEqual(10);
  for (const command of commands) {
    const { stdout } = await runHere([...command, '--help']);
    expect(stdout).toContain(`Usage: hoplite ${command.join(' ')}`);
  }
});

test('mistakes in the environment are all said, by name', async () => {
  const env = { PORT: 'x', HOST: '0.0.0.0', ADMIN_KEY: 'short' };
  const { exitCode, stdout, stderr } = await runHere(['link', 'list'], env);
  expect(stderr).toMatch(/^the environment has mistakes:\n/);
  for (const name of ['PORT', 'BASE_URL', 'ADMIN_KEY']) expect(stderr).toContain(`  ${name}: `);
  expect(stderr).not.toContain('    at ');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
});

test('a file that cannot be had is told without a stack', async () => {
  const error = await readFile('/nowhere/to be found').catch((reason: unknown) => reason);
  expect(describeError(error)).toBe(
    "ENOENT: no such file or directory, open '/nowhere/to be found'",
  );
});
