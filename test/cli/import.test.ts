import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startCuttingRelay } from '../support/cutting-relay.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf, hopliteFile } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { follow, send } from '../support/send.ts';

/** Three requests. */
const many = 1_100;
const perRequest = 500;

let running: RunningApp;
let env: Record<string, string>;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hoplite-import-'));
  running = await runApp();
  env = environmentOf(running);
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const few = ['--rows-per-request', String(perRequest)];
const run = (...args: readonly string[]) => runHere(['import', ...few, ...args], env);
const countsOf = (stdout: string) => JSON.parse(stdout);
const made = { created: 0, replaced: 0, unchanged: 0, skipped: 0, failed: 0 };

async function put(name: string, rows: readonly unknown[] | string): Promise<string> {
  const file = join(folder, name);
  const text =
    typeof rows === 'string' ? rows : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeFile(file, text);
  return file;
}

const rowsOf = (prefix: string, count = many) =>
  Array.from({ length: count }, (_, n) => ({
    slug: `${prefix}${n}`,
    destination: `https://example.com/${prefix}/${n}`,
  }));

const exportOf = async ({ baseUrl }: RunningApp) =>
  await (await fetch(`${baseUrl}/api/v1/export`)).text();

/** How many links lead to `https://example.com/…`. */
async function countLinks(prefix: string): Promise<number> {
  return (await exportOf(running)).split(`"https://example.com/${prefix}/`).length - 1;
}

describe('an import', () => {
  test('brings an export to another node as it was, and again without harm', async () => {
    await using other = await runApp();
    const links = [
      { slug: 'Rich', destination: 'https://example.com/?q="a,b"', title: "'=1+1, Größe" },
      { slug: 'timed', destination: 'https://example.com/t', expiresAt: '2031-01-01T00:00:00Z' },
      { slug: 'off', destination: 'https://example.com/o', disabled: true, redirectCode: 308 },
      { slug: 'down', destination: 'https://example.com/d', forwardQuery: true },
    ];
    await send(`${other.baseUrl}/api/v1/links/bulk`, { method: 'POST', body: { links } });
    const down = `${other.baseUrl}/api/v1/links/down`;
    await send(down, { method: 'PATCH', body: { blocked: true } });
    const theirs = environmentOf(other);
    const toLinks = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => ({ ...JSON.parse(line), id: '', shortUrl: '' }))
        .filter(({ slug }) => links.some((link) => link.slug === slug));
    const before = await exportOf(other);
    const file = join(folder, 'theirs.jsonl');
    await runHere(['export', '--clicks', '--output', file], theirs);
    const first = await run(file, '--json');
    expect(countsOf(first.stdout)).toEqual({ ...made, created: 4 });
    expect(toLinks(await exportOf(running))).toEqual(toLinks(before));
    expect(await run(file)).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '0 links made, 4 there already.\n',
    });
    expect(await follow(running.baseUrl, 'rich')).toBe('302 https://example.com/?q=%22a,b%22');
  });

  test('tells of each row that fails by its line and field, and goes on', async () => {
    const good = JSON.stringify({ slug: 'good', destination: 'https://example.com/good' });
    const text = `\uFEFF${good}\r\n\n{"slug":"x"}\r\nnot json\r\n{"destination":"ftp://x","slug":"a b"}`;
    const file = await put('faults.jsonl', text);
    const { exitCode, stdout, stderr } = await run(file, '--json');
    expect(countsOf(stdout)).toEqual({ ...made, created: 1, failed: 3 });
    expect(exitCode).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'line 3, destination: A link needs a destination.',
      'line 4: The line is not JSON.',
      'line 5, destination: Only http and https destinations are allowed.',
      expect.stringContaining('line 5, slug: A slug consists of'),
      '1 link made, 3 failed.',
      '',
    ]);
    const errors = join(folder, 'errors.jsonl');
    const again = await run(file, '--errors', errors);
    expect(again.stderr).toBe('0 links made, 1 there already, 3 failed.\n');
    const told = (await readFile(errors, 'utf8')).trimEnd().split('\n');
    expect(told.map((line) => JSON.parse(line))).toMatchObject([
      { line: 3, field: 'destination' },
      { line: 4, field: '', detail: 'The line is not JSON.' },
      { line: 5, field: 'destination' },
      { line: 5, field: 'slug' },
    ]);
  });

  test('goes on after broken connections, each row once, with slugs and without', async () => {
    const rows = rowsOf('cut').map(({ slug, destination }, n) =>
      n % 2 === 0 ? { slug, destination } : { destination },
    );
    const file = await put('cut.jsonl', rows);
    // The first answer comes, by which the command knows that there is a node; of the next ones only a part.
    const whole = Number.MAX_SAFE_INTEGER;
    await using relay = await startCuttingRelay(running.app.privateUrl, [whole, 1, 200, whole, 1]);
    const { exitCode, stdout, stderr } = await runHere(['import', file, '--json', ...few], {
      ...env,
      PRIVATE_PORT: String(relay.port),
    });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const { created, unchanged } = countsOf(stdout);
    expect(created + unchanged).toBe(many);
    expect(relay.cuts).toBe(3);
    expect(await countLinks('cut')).toBe(many);
  });

  test('makes a row that failed once what kept it is gone, and none twice', async () => {
    const file = await put('clash.jsonl', [
      { destination: 'https://example.com/clash/0' },
      { slug: 'clash', destination: 'https://example.com/clash/1' },
    ]);
    const theirs = await put('theirs.jsonl', [
      { slug: 'clash', destination: 'https://example.org' },
    ]);
    await run(theirs);
    expect(countsOf((await run(file, '--json')).stdout)).toEqual({
      ...made,
      created: 1,
      failed: 1,
    });
    await send(`${running.baseUrl}/api/v1/links/clash`, { method: 'DELETE' });
    expect(countsOf((await run(file, '--json')).stdout)).toEqual({
      ...made,
      created: 1,
      unchanged: 1,
    });
    expect(await countLinks('clash')).toBe(2);
  });

  test('goes on after a kill -9 when it is run again', async () => {
    const file = await put('killed.jsonl', rowsOf('killed'));
    const child = spawn(process.execPath, [hopliteFile, 'import', '-', ...few], {
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const bytes = await readFile(file);
    // It is killed while this is written.
    child.stdin.on('error', () => {});
    // Enough for a batch, and a part of the next.
    child.stdin.write(bytes.subarray(0, bytes.length >> 1));
    await vi.waitFor(async () => expect(await countLinks('killed')).toBeGreaterThan(0), {
      timeout: 30_000,
      interval: 20,
    });
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    expect(await countLinks('killed')).toBeLessThan(many);
    const { stdout } = await run(file, '--json');
    const { created, unchanged } = countsOf(stdout);
    expect(created + unchanged).toBe(many);
    expect(created).toBeGreaterThan(0);
    expect(unchanged).toBeGreaterThan(0);
    expect(await countLinks('killed')).toBe(many);
  });

  test.each([
    ['fail', { created: 501, unchanged: 1, failed: 1 }],
    ['skip', { created: 501, unchanged: 1, skipped: 1 }],
    ['replace', { created: 501, unchanged: 1, replaced: 1 }],
  ] as const)(
    'says as a dry run what would happen, slugs that come twice too: %s',
    async (way, counts) => {
      const first = { slug: `twice-${way}`, destination: 'https://example.com' };
      const same = { slug: `TWICE-${way}`, destination: 'https://example.com/' };
      const other = { ...first, destination: 'https://example.com/other' };
      const file = await put(`dry-${way}.jsonl`, [
        first,
        ...rowsOf(`dry-${way}-`, perRequest),
        ...(way === 'replace' ? [same, other] : [other, same]),
      ]);
      const dry = await run(file, '--dry-run', '--json', '--on-conflict', way);
      expect(countsOf(dry.stdout)).toEqual({ ...made, ...counts });
      expect(await countLinks(`dry-${way}-`)).toBe(0);
      const told =
        'line 502, slug: The slug "twice-fail" comes in line 1 too, with another destination.';
      if (way === 'fail') expect(dry.stderr).toContain(told);
      else expect(dry.stderr).not.toContain(told);
      const real = await run(file, '--json', '--on-conflict', way);
      expect(countsOf(real.stdout)).toEqual({ ...made, ...counts });
    },
  );

  test('takes a table that was exported, and one that a spreadsheet has saved', async () => {
    await using other = await runApp();
    const theirs = environmentOf(other);
    const table = join(folder, 'all.csv');
    await runHere(['export', '--format', 'csv', '--clicks', '--output', table], env);
    const first = await runHere(['import', table, '--json'], theirs);
    const { created, ...others } = countsOf(first.stdout);
    expect(others).toEqual({ ...made, created: undefined });
    expect(first.stderr).toContain(`${created} links made.\n`);
    const withoutPlace = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => ({ ...JSON.parse(line), id: '', shortUrl: '' }));
    expect(withoutPlace(await exportOf(other))).toEqual(withoutPlace(await exportOf(running)));

    const saved = await put(
      'saved.csv',
      '\uFEFFslug;destination;disabled;redirect_code\r\nsheet;https://example.com/s;TRUE;307\r\n',
    );
    expect((await run(saved)).stderr).toBe('1 link made.\n');
    const { text } = await send(`${running.baseUrl}/api/v1/links/sheet`);
    expect(JSON.parse(text)).toMatchObject({ disabled: true, redirectCode: 307 });
  });

  test('tells of each row of a table that fails by its line and column', async () => {
    const file = await put(
      'faults.csv',
      'slug,destination,redirect_code,title\nt1,https://example.com/t,99,x\n\nt2,https://example.com/t\nt3,https://example.com/t,302,"two\nlines"\nt4,https://example.com/t,,\n',
    );
    await writeFile(file, Buffer.from([0x74, 0xff, 0x2c, 0x2c, 0x2c, 0x0a]), { flag: 'a' });
    const { stderr, exitCode } = await run(file);
    expect(exitCode).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'line 2, redirect_code: Must be 301, 302, 307, 308, as a number.',
      'line 4: The row has 2 cells, and the line of names 4.',
      'line 5, title: A title has no control characters and no line breaks.',
      'line 8: The row is not UTF-8.',
      '1 link made, 4 failed.',
      '',
    ]);
    const misspelt = await put('misspelt.csv', 'slugg,destination\na,https://example.com/\n');
    expect((await run(misspelt)).stderr).toContain('"slugg" is no column of an export');
    for (const [names, why] of [
      ['slug,destination,destination', 'the column "destination" is there twice'],
      ['slug,a\u001b[2J,b,destination', '"a\\u001b[2J", "b" are no columns of an export'],
    ] as const) {
      const refused = await run(await put('names.csv', `${names}\na,https://a.example/,,\n`));
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(why) });
    }
  });

  test('takes the exports of other shorteners, and any table by its columns', async () => {
    const shlink = await put(
      'shlink.csv',
      'createdAt,domain,shortCode,shortUrl,longUrl,title,tags,visits\n2022-03-17T20:12:01+01:00,s.test,abc12,https://s.test/abc12,https://example.com/shlink,,x|y,3\n',
    );
    expect((await run(shlink, '--from', 'shlink')).stderr).toBe(
      'not taken over: domain, shortUrl, tags, visits\n1 link made.\n',
    );
    const kutt = await put('kutt.jsonl', [
      { address: 'kutt1', target: 'https://example.com/kutt', password: false },
      { address: 'kutt2', target: 'https://example.com/kutt', password: true },
      { address: 'a/b', target: 'https://example.com/kutt' },
    ]);
    expect((await run(kutt, '--from', 'kutt')).stderr.split('\n')).toEqual([
      'line 2, password: It has a password, which links here cannot have.',
      expect.stringMatching(/^line 3, address: A slug consists of/),
      '1 link made, 2 failed.',
      '',
    ]);
    const own = await put('own.csv', 'Code,Long URL\nmapped,https://example.com/mapped\n');
    const columns = 'slug=Code,destination=Long URL';
    expect((await run(own, '--columns', columns)).stderr).toBe('1 link made.\n');
    expect((await run(own, '--from', 'dub')).stderr).toContain(
      'there is no column "Destination URL"',
    );
    expect(await run(own, '--columns', 'slug=Code')).toMatchObject({ exitCode: 2 });
    expect(await follow(running.baseUrl, 'mapped')).toBe('302 https://example.com/mapped');
  });

  test('imports all or nothing when asked to', async () => {
    const rows = [...rowsOf('all', 3), { slug: 'all-bad', destination: 'x' }];
    const file = await put('all.jsonl', rows);
    const { exitCode, stderr } = await run(file, '--all-or-nothing');
    expect(stderr).toContain('line 4, destination: ');
    expect(stderr).toContain('3 links would be made, 1 would fail. So nothing was imported.\n');
    expect(exitCode).toBe(1);
    expect(await countLinks('all')).toBe(0);
    const good = await put('all-good.jsonl', rows.slice(0, 3));
    expect((await run(good, '--all-or-nothing')).stderr).toBe('3 links made.\n');
    expect(await run('-', '--all-or-nothing')).toMatchObject({ exitCode: 1 });
  });

  test('in a fleet says how much is on one machine alone', async () => {
    const answered = { repeated: false, replicated: false, slugCase: 'insensitive', failures: [] };
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(body);
        const fates = 'c'.repeat(body.split('\n').length - 1);
        // The first request finds another machine that has it.
        response.end(JSON.stringify({ ...answered, fates, replicated: bodies.length === 1 }));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const file = await put('fleet.jsonl', rowsOf('fleet', 1_200));
    const { stderr } = await runHere(['import', file], {
      ...env,
      PRIVATE_PORT: String((server.address() as AddressInfo).port),
      LITEFS_DIR: folder,
      PEER_URL: 'http://{node}.example.internal:8081',
      FLEET_SECRET: 'a secret of the fleet that is long enough',
    });
    server.close();
    expect(stderr).toBe(
      '1200 links made.\n700 rows are so far known to be on one machine alone (local).\n',
    );
    expect(bodies.map((body) => body.split('\n').length - 1)).toEqual([500, 500, 200]);
  });

  test('says what is wrong with a file', async () => {
    const none = join(folder, 'none.jsonl');
    for (const [file, why] of [
      [none, 'it is not there'],
      [folder, 'it is a folder'],
    ] as const) {
      const stderr = `${file} cannot be read: ${why}\n`;
      expect(await run(file)).toEqual({ exitCode: 1, stdout: '', stderr });
    }
    const utf16 = join(folder, 'utf16.jsonl');
    await writeFile(utf16, Buffer.from('\uFEFF{}\n', 'utf16le'));
    expect((await run(utf16)).stderr).toContain('the file is UTF-16');
    await writeFile(utf16, Buffer.from('{}\n', 'utf16le'));
    expect((await run(utf16)).stderr).toContain('the file is UTF-16');
    for (const text of ['[{"slug":"a"}]', ' [\n{"slug":"a"}\n]\n']) {
      const { exitCode, stderr } = await run(await put('array.json', text));
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('an object a line, as jq -c ".[]" makes it'),
      });
    }
    const steering = await put('steering.jsonl', '{"\\u001b[2J":1}\n');
    expect((await run(steering)).stderr).toContain('line 1, \\u001b[2J: There is no such field.');
  });

  test('says that a file has no rows, and that a table has no names', async () => {
    const names = await put('names.csv', 'slug,destination\r\n');
    const blank = await put('blank.jsonl', '\n\n');
    for (const file of [names, blank]) {
      const stderr = 'There are no rows in it.\n';
      expect(await run(file)).toEqual({ exitCode: 0, stdout: '', stderr });
    }
    const nothing = await put('nothing.csv', '');
    const stderr = 'the table is empty: it has no line of names\n';
    expect(await run(nothing)).toEqual({ exitCode: 1, stdout: '', stderr });
  });

  test('leaves the file alone that it imports, also where that is to be the one of errors', async () => {
    const file = await put('own.jsonl', 'not json\n');
    const other = join(folder, '.', 'own.jsonl');
    const { exitCode, stderr } = await run(file, '--errors', other);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `${other} is what is imported; name another file with --errors\n`,
    });
    expect(await readFile(file, 'utf8')).toBe('not json\n');
  });
});
