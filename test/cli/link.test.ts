import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf, hopliteFile, runHoplite } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { follow, send } from '../support/send.ts';

let running: RunningApp;
let env: Record<string, string>;
beforeAll(async () => {
  running = await runApp({ ACCESS: 'keys' });
  env = environmentOf(running);
});
afterAll(() => running[Symbol.asyncDispose]());

const link = (...args: readonly string[]) => runHere(['link', ...args], env);
const linkJson = async (...args: readonly string[]) =>
  JSON.parse((await link(...args, '--json')).stdout);

describe('link create', () => {
  test('prints the short URL and nothing else, and it leads there', async () => {
    const args = ['link', 'create', 'https://example.com/first'];
    const { exitCode, stdout, stderr } = await runHoplite(args, env);
    expect(stdout).toMatch(/^http:\/\/localhost:\d+\/[2-9a-z]{6}\n$/);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const slug = stdout.trim().split('/').at(-1) ?? '';
    expect(await follow(running.baseUrl, slug)).toBe('302 https://example.com/first');
  });

  test('sends every option', async () => {
    const made = await linkJson(
      ...['create', 'https://example.com/all?a=1', '--slug', 'All', '--title', 'Every option'],
      ...['--redirect-code', '307', '--forward-query'],
      ...['--not-before', '2020-01-01T00:00:00Z', '--expires-at', '2999-01-01T00:00:00+01:00'],
    );
    expect(made).toMatchObject({
      slug: 'All',
      destination: 'https://example.com/all?a=1',
      title: 'Every option',
      redirectCode: 307,
      forwardQuery: true,
      notBefore: '2020-01-01T00:00:00.000Z',
      expiresAt: '2998-12-31T23:00:00.000Z',
    });
    expect(await follow(running.baseUrl, 'all?b=2')).toBe('307 https://example.com/all?a=1&b=2');
  });

  test.each([
    [
      'a taken slug',
      ['https://example.com', '--slug', 'ALL'],
      'Conflict: The slug "ALL" is taken. (--slug)',
    ],
    [
      'no scheme',
      ['example.com'],
      'Invalid input: The destination is not an absolute URL, such as https://example.com/page. (<destination>)',
    ],
    [
      'a date',
      ['https://example.com', '--expires-at', '2030-01-31'],
      'Invalid input: Must be a time with an offset, such as 2030-01-31T09:00:00Z. (--expires-at)',
    ],
    [
      'two mistakes',
      ['https://example.com\u0007', '--slug', 'a b'],
      'Invalid input:\n  <destination>: A destination has no white space or control characters.\n  --slug: A slug consists of ASCII letters, digits, "-" and "_", and begins with a letter or digit.',
    ],
  ])('shows the title, the detail and the field of %s', async (_, args, words) => {
    const { exitCode, stdout, stderr } = await link('create', ...args);
    expect(stderr).toBe(`${words}\n`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });

  test('gives a program the problem as the API says it, and fails', async () => {
    const { exitCode, stdout, stderr } = await link('create', 'example.com', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      title: 'Invalid input',
      errors: [{ pointer: '/destination' }],
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  });
});

describe('link show', () => {
  test('lays all that is known under each other', async () => {
    await link('create', 'https://example.com/shown', '--slug', 'shown', '--title', 'A title');
    const { exitCode, stdout } = await runHoplite(['link', 'show', 'shown'], env);
    expect(stdout.replaceAll(/\d{4}-[\dT:-]+Z/g, 'TIME')).toBe(
      [
        `short URL    ${running.baseUrl}/shown`,
        'destination  https://example.com/shown',
        'state        active',
        'title        A title',
        'answers      302',
        'clicks       0, by about 0 visitors (estimate); by bots 0',
        'created      TIME',
        'changed      TIME\n',
      ].join('\n'),
    );
    expect(exitCode).toBe(0);
  });

  test('shows what most links do not have', async () => {
    const { stdout } = await link('show', 'all');
    expect(stdout).toContain('answers      307, with the query of the hit\n');
    expect(stdout).toContain('works from   2020-01-01T00:00:00Z\n');
    expect(stdout).toContain('works until  2998-12-31T23:00:00Z\n');
  });

  test('tells how often it was clicked', async () => {
    await link('create', 'https://example.com/clicked', '--slug', 'clicked');
    const agents = [
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'curl/8',
    ];
    for (const agent of agents) {
      await send(`${running.app.url}/clicked`, { headers: { 'User-Agent': agent } });
    }
    await vi.waitFor(
      async () => {
        const { stdout } = await link('show', 'clicked');
        expect(stdout).toContain('clicks       1, by about 1 visitor (estimate); by bots 1\n');
        expect((await link('list', '--search', 'clicked')).stdout).toMatch(/clicked +active +2 /);
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  test('takes a short URL that was copied from somewhere', async () => {
    for (const copied of [
      `${running.baseUrl}/shown`,
      'https://elsewhere.example/shown/',
      '/shown',
    ]) {
      expect((await link('show', copied)).stdout).toContain('https://example.com/shown');
    }
  });

  test.each(['nowhere', '..', '../keys', 'a/b', '%2e', '?x', '😀'])(
    'finds no link %j and nothing else either',
    async (slug) => {
      const { exitCode, stdout, stderr } = await link('show', slug);
      expect(stderr).toBe('Not found: There is no such link.\n');
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    },
  );

  test('gives a program all fields', async () => {
    expect(await linkJson('show', 'shown')).toMatchObject({ slug: 'shown', version: 1 });
  });
});

describe('link list', () => {
  test('puts columns under each other, the newest first', async () => {
    await link('create', 'https://example.com/aligned/one', '--slug', 'aligned-1');
    await link('create', 'https://example.com/aligned', '--slug', 'aligned-22', '--title', 'Two');
    const { exitCode, stdout, stderr } = await runHoplite(
      ['link', 'list', '--search', 'aligned'],
      env,
    );
    expect(stdout.replaceAll(/\d{4}-[\dT:-]+Z/g, '2026-01-01T00:00:00Z')).toBe(
      [
        'slug        state   clicks  created               destination                      title',
        'aligned-22  active  0       2026-01-01T00:00:00Z  https://example.com/aligned      Two',
        'aligned-1   active  0       2026-01-01T00:00:00Z  https://example.com/aligned/one\n',
      ].join('\n'),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('cuts what is long for a person, and for nobody else', async () => {
    const destination = `https://example.com/${'long/'.repeat(30)}`;
    await link('create', destination, '--slug', 'long-one');
    const args = ['link', 'list', '--search', 'long-one'];
    expect((await runHere(args, env)).stdout).toContain(destination);
    const { stdout } = await runHere(args, env, '');
    expect(stdout).toContain(`  ${destination.slice(0, 59)}…\n`);
  });

  test('says that there are more, and where', async () => {
    const { stdout, stderr } = await link('list', '--limit', '2', '--sort', 'slug');
    expect(stdout.split('\n')).toHaveLength(4);
    expect(stderr).toBe('There are more: add --all, or --limit with up to 200.\n');
  });

  test('says that there are none', async () => {
    expect(await link('list', '--search', 'no such thing')).toMatchObject({
      exitCode: 0,
      stderr: 'There are no such links.\n',
    });
  });

  test('--all reads page after page', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const { stdout: key } = await runHere(['key', 'create', 'many'], env);
    for (let number = 1; number <= 410; number += 1) {
      const answer = await fetch(`${running.baseUrl}/api/v1/links`, {
        method: 'POST',
        headers: { ...headers, Authorization: `Bearer ${key.trim()}` },
        body: JSON.stringify({ destination: `https://many.example/${number}` }),
      });
      expect(answer.status).toBe(201);
    }
    const args = ['list', '--all', '--search', 'many.example', '--sort', 'createdAt'];
    const { stdout, stderr } = await link(...args);
    const [header, ...rows] = stdout.trimEnd().split('\n');
    expect(header).toMatch(/^slug /);
    expect(rows.map((row) => /many\.example\/(\d+)/.exec(row)?.[1])).toEqual(
      Array.from({ length: 410 }, (_, index) => String(index + 1)),
    );
    expect(stderr).toBe('');
    const { links, nextCursor } = await linkJson(...args);
    expect(links).toHaveLength(410);
    expect(links[0]).toHaveProperty('version');
    expect(nextCursor).toBeNull();
  });

  test('a page for a program is as the API gives it', async () => {
    const { links, nextCursor } = await linkJson('list', '--limit', '3');
    expect(links).toHaveLength(3);
    expect(nextCursor).toEqual(expect.any(String));
  });

  test.each([
    ['--limit', '201', 'Invalid input: Must be a number from 1 to 200. (--limit)\n'],
    ['--limit', 'many', 'Invalid input: Must be a number from 1 to 200. (--limit)\n'],
    ['--search', 'x'.repeat(201), /^Invalid input: .* \(--search\)\n$/],
  ])('%s %s is refused by name', async (option, value, words) => {
    const { exitCode, stderr } = await link('list', option, value);
    expect(stderr).toMatch(words);
    expect(exitCode).toBe(1);
  });

  test('ends without a word when nobody reads on', async () => {
    const script = '{ "$@"; echo "ended with $?" >&2; } | head -n 1';
    const command = [process.execPath, hopliteFile, 'link', 'list', '--all'];
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', script, 'sh', ...command], {
      env: { ...env, PATH: '/usr/bin:/bin' },
    });
    expect(stdout).toMatch(/^slug .*\n$/);
    expect(stderr).toBe('ended with 0\n');
  });
});

describe('link delete', () => {
  test('deletes, and then there is nothing to delete', async () => {
    await link('create', 'https://example.com', '--slug', 'gone');
    expect(await runHoplite(['link', 'delete', 'gone', '--yes'], env)).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'The link gone is deleted.\n',
    });
    expect(await link('delete', 'gone', '--yes')).toMatchObject({
      exitCode: 1,
      stderr: 'Not found: There is no such link.\n',
    });
  });

  test('needs --yes where nobody can be asked', async () => {
    await link('create', 'https://example.com', '--slug', 'kept');
    expect(await runHoplite(['link', 'delete', 'kept'], env)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'nobody is there to ask; if you mean it, add --yes\n',
    });
    expect(await follow(running.baseUrl, 'kept')).toBe('302 https://example.com/');
  });

  test('asks a person what would be deleted, and takes only a yes', async () => {
    const ask = (typed: string) => runHere(['link', 'delete', 'kept'], env, typed);
    for (const typed of ['n\n', '\n', 'yellow\n', '']) {
      const { exitCode, stderr } = await ask(typed);
      expect(stderr).toBe(
        `Delete ${running.baseUrl}/kept, which leads to https://example.com/? [y/N] nothing was deleted\n`,
      );
      expect(exitCode).toBe(1);
    }
    expect(await follow(running.baseUrl, 'kept')).toBe('302 https://example.com/');
    expect(await ask('Yes\n')).toMatchObject({ exitCode: 0 });
    expect(await follow(running.baseUrl, 'kept')).toMatch(/^404/);
  });

  test('does not ask about a link that is not there', async () => {
    const { stderr } = await runHere(['link', 'delete', 'kept'], env, 'y\n');
    expect(stderr).toBe('Not found: There is no such link.\n');
  });

  test('gives a program nothing, as the API does', async () => {
    await link('create', 'https://example.com', '--slug', 'gone');
    expect(await link('delete', 'gone', '--yes', '--json')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
  });
});
