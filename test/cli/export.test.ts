import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardFormula, unguardFormula } from '../../src/cli/portable/link-columns.ts';
import { startCuttingRelay } from '../support/cutting-relay.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { send } from '../support/send.ts';

const many = 2_000;
const titles = ['=1+1', "'=1+1", "''@x", '+44', '-1', 'Plain', "It's", 'a,b "c"', '＝wide'];

let running: RunningApp;
let env: Record<string, string>;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hoplite-export-'));
  running = await runApp();
  env = environmentOf(running);
  const links = Array.from({ length: many }, (_, n) => ({
    destination: `https://example.com/${n}?q="a,b"`,
    slug: `s${n}`,
    title: titles[n % titles.length],
  }));
  await send(`${running.baseUrl}/api/v1/links/bulk`, { method: 'POST', body: { links } });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => runHere(['export', ...args], env);

describe('an export to a file', () => {
  test.each(['jsonl', 'csv'])(
    'as %s has each link once, and goes on from any break',
    async (form) => {
      const whole = join(folder, `whole.${form}`);
      expect(await run('--format', form, '--output', whole)).toEqual({
        exitCode: 0,
        stdout: '',
        stderr: `${many} links are in ${whole}.\n`,
      });
      const bytes = await readFile(whole);
      expect(bytes.toString().trimEnd().split('\n')).toHaveLength(form === 'csv' ? many + 1 : many);

      const broken = join(folder, `broken.${form}`);
      const head = bytes.indexOf('\n') + 1;
      const places = [
        0,
        1,
        head - 2,
        head,
        head + 1,
        bytes.length >> 1,
        bytes.length - 1,
        bytes.length,
      ];
      for (const place of places) {
        await writeFile(broken, bytes.subarray(0, place));
        const { exitCode, stderr } = await run('--format', form, '--output', broken, '--resume');
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        expect(bytes.equals(await readFile(broken)), `from byte ${place} on`).toBe(true);
      }
    },
  );

  test('leaves a file alone that is there, and one that is something else', async () => {
    const file = join(folder, 'there.csv');
    await writeFile(file, 'one,two\r\n');
    const there = await run('--output', file);
    expect(there).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('add --resume') });
    for (const form of ['jsonl', 'csv']) {
      const { exitCode, stderr } = await run('--format', form, '--output', file, '--resume');
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('is no export'),
      });
    }
    expect(await readFile(file, 'utf8')).toBe('one,two\r\n');
    const lines = join(folder, 'without-clicks.jsonl');
    await run('--output', lines);
    expect(await run('--output', lines, '--resume', '--clicks')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('with the same --format and --clicks'),
    });
    expect(await run('--resume')).toMatchObject({ exitCode: 1 });
  });

  test('is whole though the connection breaks off again and again', async () => {
    await using relay = await startCuttingRelay(running.app.privateUrl, [200_000, 700, 50_000]);
    const file = join(folder, 'cut.jsonl');
    const { exitCode, stderr } = await runHere(['export', '--output', file], {
      ...env,
      PRIVATE_PORT: String(relay.port),
    });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('trying again'),
    });
    expect(relay.cuts).toBe(3);
    const ids = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).slug);
    expect(ids).toEqual(Array.from({ length: many }, (_, n) => `s${n}`));
  });
});

test('a table has no cell that a spreadsheet would run', async () => {
  const file = join(folder, 'formulas.csv');
  await run('--format', 'csv', '--clicks', '--output', file);
  const [head = '', ...rows] = (await readFile(file, 'utf8')).trimEnd().split('\r\n');
  expect(head).toBe(
    'id,slug,short_url,destination,title,redirect_code,forward_query,not_before,expires_at,disabled,blocked,created_at,updated_at,clicks,people,bots,visitors_estimate',
  );
  expect(rows[0]).toMatch(
    new RegExp(
      `^\\d+,s0,${running.baseUrl}/s0,"https://example.com/0\\?q=%22a,b%22",'=1\\+1,302,false,,,false,false,[^,]+,[^,]+,0,0,0,0$`,
    ),
  );
  for (const row of rows) expect(row).not.toMatch(/(?:^|[,"])[=+@＝-]/);
});

test.each(titles)('the title %s comes back from a cell as it was', (title) => {
  expect(unguardFormula(guardFormula(title))).toBe(title);
  expect(guardFormula(title)).not.toMatch(/^[=+\-@＝]/);
});

test('a node that is not there is told at once, and leaves no file', async () => {
  const file = join(folder, 'of-nobody.csv');
  for (const to of [[], ['--format', 'csv', '--output', file]]) {
    const { exitCode, stderr } = await runHere(['export', ...to], { ...env, PRIVATE_PORT: '1' });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'no node answers at http://127.0.0.1:1; start it with "npm start"\n',
    });
  }
  await expect(stat(file)).rejects.toThrow('ENOENT');
});
