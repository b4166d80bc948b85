import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { countLinks } from '../../src/storage/database-file.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf } from '../support/run-hoplite.ts';
import { runApp } from '../support/running-app.ts';
import { send } from '../support/send.ts';
import { TestFolder } from '../support/test-database.ts';

test('what was there before the first restore is kept through the second', async () => {
  using folder = new TestFolder();
  await using machine = await runApp();
  const create = (slug: string) =>
    send(`${machine.baseUrl}/api/v1/links`, {
      method: 'POST',
      body: { slug, destination: `https://example.com/${slug}` },
    });
  await create('one');
  mkdirSync(folder.file('other'));
  const database = new Database(join(machine.dataDir, 'links.db'), { readonly: true });
  database.exec(`VACUUM INTO '${folder.file('other/links.db')}'`);
  database.close();
  await create('two');
  await create('three');

  const args = ['move', '--from', folder.file('other'), '--yes', new URL(machine.baseUrl).host];
  for (let times = 0; times < 2; times += 1) {
    expect(await runHere(args, environmentOf(machine))).toMatchObject({ exitCode: 0 });
  }
  const parent = join(machine.dataDir, 'before-restore');
  const kept = readdirSync(parent)
    .sort()
    .map((name) => countLinks(join(parent, name, 'links.db')).links);
  expect(kept).toEqual([3, 1]);
});
