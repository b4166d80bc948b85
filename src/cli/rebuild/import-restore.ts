import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { importIntoLiteFs } from '../../cluster/litefs-import.ts';
import { readLease } from '../../cluster/litefs-info.ts';
import { Mount } from '../../cluster/mount.ts';
import { parsePosition } from '../../domain/position.ts';
import { findFaultOfHeader } from '../../storage/sound-file.ts';
import { Refusal } from '../refusal.ts';

/** What the import of waiting files works on. */
export interface RestorePlace {
  /** Where `hoplite rebuild` has put them. */
  readonly restoreDir: string;
  /** Where LiteFS is mounted. */
  readonly litefsDir: string;
  readonly litefsUrl: string;
}

const pauseMs = 200;
const askTimeoutMs = 1000;
const repeatMs = 60_000;
/** LiteFS's position of a database that nobody has written to. */
const zeroTxid = '0000000000000000';
/** The links come last: a node with links counts as full. */
const databases = ['clicks.db', 'links.db'] as const;

/**
 * Imports the files that `hoplite rebuild` has put ready, once this node is primary, and waits for that without limit:
 * the app must not start before, since it would make empty databases. When the links arrive from another node instead,
 * the files are put aside. Does nothing without such files. Gives a sentence on what happened.
 *
 * Safe to repeat after a crash at any moment: a database that has a transaction is never imported over, and one whose import
 * broke off has none. Throws a `Refusal` when LiteFS does not take a file.
 */
export async function importRestore(
  place: RestorePlace,
  say: (line: string) => void,
): Promise<string | undefined> {
  if (!existsSync(place.restoreDir)) return undefined;
  const mount = new Mount(place.litefsDir);
  let saidMs = Number.NEGATIVE_INFINITY;
  while (true) {
    if (await hasData(mount, 'links.db')) return putAside(place);
    if (await isPrimary(place)) {
      const imported = await importAll(place, mount);
      if (imported !== undefined) return imported;
    }
    if (performance.now() - saidMs >= repeatMs) {
      say(
        'files of "hoplite rebuild" wait until this node is primary, or the links come from another',
      );
      saidMs = performance.now();
    }
    await delay(pauseMs);
  }
}

/** `undefined` when this node stopped being primary. */
async function importAll(place: RestorePlace, mount: Mount): Promise<string | undefined> {
  const imported: string[] = [];
  for (const name of databases) {
    const file = join(place.restoreDir, name);
    if (!existsSync(file) || (await hasData(mount, name))) continue;
    // LiteFS would take a file in WAL mode, and the mount would lose commits from then on.
    const fault = findFaultOfHeader(file);
    if (fault !== undefined) throw new Refusal(`${file} cannot be imported: ${fault}`);
    const refusal = await importIntoLiteFs(place.litefsUrl, name, file);
    if (refusal !== undefined) {
      if (!(await isPrimary(place))) return undefined;
      throw new Refusal(`LiteFS did not import ${file}: ${refusal}`);
    }
    if (!(await hasData(mount, name))) {
      throw new Refusal(`LiteFS has imported ${file}, and yet ${name} has no transaction`);
    }
    imported.push(name);
  }
  await rm(place.restoreDir, { recursive: true, force: true });
  if (imported.length === 0)
    return 'imported nothing: "hoplite rebuild" has this fleet start empty';
  return `imported ${imported.join(' and ')}, which "hoplite rebuild" had put ready`;
}

async function putAside({ restoreDir }: RestorePlace): Promise<string> {
  const aside = `${restoreDir}.unused`;
  await rm(aside, { recursive: true, force: true });
  await rename(restoreDir, aside);
  return `links.db is there, so the files of "hoplite rebuild" were not imported: they lie in ${aside}`;
}

async function hasData(mount: Mount, name: string): Promise<boolean> {
  const position = parsePosition((await mount.read(`${name}-pos`, 34)) ?? '');
  return position !== undefined && position.txid !== zeroTxid;
}

async function isPrimary({ litefsUrl }: RestorePlace): Promise<boolean> {
  const signal = AbortSignal.timeout(askTimeoutMs);
  const lease = await readLease(litefsUrl, signal).catch(() => undefined);
  return lease?.isPrimary === true;
}
