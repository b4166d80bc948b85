import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { giveToOwnerOf } from '../backup/give-to-owner.ts';
import { claimFolder } from '../storage/folder-claim.ts';
import { fileRefusal } from './file-refusal.ts';
import { makeFolder } from './make-folder.ts';
import { Refusal } from './refusal.ts';

/** SQLite takes what lies beside a database for a part of it, and would play it into the one that is put there. */
const names = ['links.db', 'clicks.db'].flatMap((name) =>
  ['', '-wal', '-shm', '-journal'].map((suffix) => `${name}${suffix}`),
);

/**
 * Claims a folder that a person has named for databases that are to be put there; it is made where it is not there yet. Until
 * the result is disposed no node starts in it and no other command puts any there: what they write would be replaced, or
 * removed when this one fails. Its file `lock` stays behind, empty. Rejects with a `Refusal` where something of databases is
 * there already, and with a `Failure` where another process has the folder.
 */
export async function claimForDatabases(folder: string): Promise<Disposable> {
  expectNone(folder);
  await makeFolder(folder);
  using claims = new DisposableStack();
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw fileRefusal(folder, 'written', error);
  }
  claims.use(claimFolder(folder));
  giveToOwnerOf(folder, [join(folder, 'lock')]);
  // Whoever had it until now may have left some.
  expectNone(folder);
  return claims.move();
}

function expectNone(folder: string): void {
  const there = names.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (there !== undefined) throw new Refusal(`${there} is there already; nothing was changed`);
}
