import { join } from 'node:path';
import Database from 'better-sqlite3';
import { findFreePort } from '../../test/support/free-port.ts';
import { asContestant, countingAtOnce, type StartContestant } from './contestant.ts';
import { ServerProcess } from './server-process.ts';
import { destinationOf, slugOf } from './slugs.ts';

const linkCount = 100_000;

/** The usual way: Express, with a row updated for each click. */
export const startExpress: StartContestant = async ({ scratch, signal }) => {
  const file = join(scratch, 'express.db');
  makeLinks(file);
  const program = join(import.meta.dirname, 'express-server.ts');
  const port = await findFreePort();
  const server = await ServerProcess.start({
    port,
    commandLine: [process.execPath, program, String(port), file],
    readyPath: '/',
    signal,
  });
  return asContestant(
    server,
    countingAtOnce(async (links) => readClicks(file, links)),
  );
};

function makeLinks(file: string): void {
  const database = new Database(file);
  try {
    database.exec(`
      CREATE TABLE links (
        id INTEGER PRIMARY KEY,
        slug TEXT NOT NULL UNIQUE,
        destination TEXT NOT NULL,
        clicks INTEGER NOT NULL
      ) STRICT;
    `);
    const insert = database.prepare('INSERT INTO links VALUES (?, ?, ?, 0)');
    database.transaction(() => {
      for (let n = 0; n < linkCount; n += 1) insert.run(n + 1, slugOf(n), destinationOf(n));
    })();
  } finally {
    database.close();
  }
}

function readClicks(file: string, links: number): Uint32Array {
  const database = new Database(file, { readonly: true });
  try {
    const read = database.prepare('SELECT clicks FROM links WHERE id <= ? ORDER BY id').pluck();
    return Uint32Array.from(read.all(links) as number[]);
  } finally {
    database.close();
  }
}
