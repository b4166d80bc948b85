import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openFileStore } from '../../app/backup-stores.ts';
import { writingInto } from '../../backup/full-disk.ts';
import { packFile } from '../../backup/one-file.ts';
import { expectRoom } from '../../backup/scratch-folder.ts';
import { readConfig } from '../../config.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { fileRefusal } from '../file-refusal.ts';
import { Refusal } from '../refusal.ts';
import { both, copyDatabases, sizeOf } from './copy-databases.ts';
import { openNodeCopier } from './node-copier.ts';
import { openScratch } from './scratch.ts';
import { tellPerson } from './tell-person.ts';

/** `hoplite backup now --to`: a backup in one file, which `scp` brings elsewhere and any SQLite shows the links of. */
export function backUpToFile({ env, output }: Context, to: string): Promise<void> {
  return tellPerson(async () => {
    const path = resolve(to);
    if (existsSync(path)) throw new Refusal(`${path} is there already; nothing was changed`);
    const folder = dirname(path);
    expectWritable(path);
    const config = readConfig(env);
    const store = openFileStore(config);
    const node = await openNodeCopier(config);
    const { signal } = new AbortController();
    const bytes = sizeOf(config, both);
    await using scratch = await openScratch(config, bytes);
    const into = { folder: scratch.path, databases: both, signal };
    const files = await copyDatabases(node, store, into);
    // After the copies: they may lie on the same disk.
    await expectRoom(folder, bytes);
    const { clusterId, rest } = node;
    const packing = { files, node: config.node.id, clusterId, path, rest, signal };
    const manifest = await writingInto(folder, () => packFile(store, packing)).catch(
      (error: unknown) => {
        throw fileRefusal(path, 'written', error);
      },
    );
    const { links: count = 0 } = manifest.databases.links.counts;
    output.line(`backed up ${counted(count, 'link')} to ${path}`);
    if (store.keys === undefined) {
      output.note(
        'it is not signed, since BACKUP_KEY is not set; "hoplite serve" does not take it',
      );
    }
  });
}

/** Before anything is copied. Throws a `Refusal` where no file can be made. */
function expectWritable(path: string): void {
  try {
    accessSync(`${dirname(path)}/`, constants.W_OK);
  } catch (error) {
    throw fileRefusal(path, 'written', error);
  }
}
