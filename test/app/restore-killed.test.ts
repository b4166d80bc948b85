import { existsSync, mkdirSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { createAskApi } from '../../src/cli/ask-api.ts';
import { askTarget, restoreInto } from '../../src/cli/backup/restore-into.ts';
import { prepareRestore } from '../../src/storage/prepare-restore.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { AppProcess } from '../support/app-process.ts';
import { findFreePort } from '../support/free-port.ts';
import { follow } from '../support/send.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

/** So many that SQLite is busy with them for a moment. */
const restoredLinks = 20_000;
/** When the process is killed, by what is to be seen in its folder. */
const moments: readonly (readonly [string, (folder: TestFolder) => boolean])[] = [
  ['the files have arrived', (at) => sizeOf(at.file('restore-running/clicks.db')) > 0],
  ['the links are being written', (at) => sizeOf(at.file('links.db-wal')) > 500_000],
];
const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

const folder = new TestFolder();
afterAll(() => folder[Symbol.dispose]());

/** Makes databases with these slugs in a folder. */
function makeDatabases(name: string, count: number, slug: (n: number) => string): TestFolder {
  const path = folder.file(name);
  mkdirSync(path, { recursive: true });
  const made = { path, file: (file = 'links.db') => `${path}/${file}` } as TestFolder;
  openWriterSession(writerOptions(made, { journalMode: 'delete' }))[Symbol.dispose]();
  const database = new Database(made.file());
  const insert = database.prepare(
    `INSERT INTO links (domain_id, slug, slug_key, destination, redirect_code, forward_query, disabled, blocked, version, created_at, updated_at)
     VALUES (1, @slug, @slug, 'https://example.com/' || @slug, 302, 0, 0, 0, 1, 0, 0)`,
  );
  database.transaction(() => {
    for (let n = 0; n < count; n += 1) insert.run({ slug: slug(n) });
  })();
  database.close();
  return made;
}

test.each(moments)(
  'a machine that is killed when %s has what was there, or what was restored',
  async (name, hasCome) => {
    const old = makeDatabases(`old ${name}`, 100, (n) => `old-${n}`);
    const files = makeDatabases(`new ${name}`, restoredLinks, (n) => `new-${n}`);
    const [port, privatePort] = [await findFreePort(), await findFreePort()];
    await using machine = new AppProcess({ dataDir: old.path, port, privatePort });
    await machine.start();
    const ask = await createAskApi({
      env: { DATA_DIR: old.path, PORT: String(port), PRIVATE_PORT: String(privatePort) },
    });
    const { epoch } = await askTarget(ask);
    prepareRestore(writerOptions(files, { journalMode: 'delete' }), epoch);
    const order = { epoch, files: { links: files.file(), clicks: files.file('clicks.db') } };
    const restoring = restoreInto(ask, order).then(
      () => 'done',
      () => 'broken off',
    );
    while (!hasCome(old)) await nextTurn();
    await machine.end('SIGKILL');
    expect(await restoring).toBe('broken off');

    await machine.start();
    const answers = [
      await follow(machine.url, 'old-7'),
      await follow(machine.url, `new-${restoredLinks - 1}`),
    ];
    await machine.end('SIGKILL');
    const database = new Database(old.file());
    const links = database.prepare('SELECT count(*) FROM links').pluck().get();
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
    expect([
      { links: 100, answers: ['302 https://example.com/old-7', '404'] },
      {
        links: restoredLinks,
        answers: ['404', `302 https://example.com/new-${restoredLinks - 1}`],
      },
    ]).toContainEqual({ links, answers });
    expect(existsSync(old.file('restore-running'))).toBe(false);
  },
);
