import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { packFile } from '../../backup/one-file.ts';
import { openScratchFolder } from '../../backup/scratch-folder.ts';
import { readConfig } from '../../config.ts';
import { claimFolder } from '../../storage/folder-claim.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { fileRefusal } from '../file-refusal.ts';
import { Refusal } from '../refusal.ts';
import { openNodeCopier } from './node-copier.ts';
import { openFileStore } from './open-store.ts';
import { both, inspectAll, scratchParentOf } from './take-backup.ts';
import { tellPerson } from './tell-person.ts';

/** `hoplite backup now --to`: a backup in one file, which `scp` brings elsewhere and any SQLite shows the links of. */
export function backUpToFile({ env, output }: Context, to: string): Promise<void> {
  return tellPerson(async () => {
    const path = resolve(to);
    if (existsSync(path)) throw new Refusal(`${path} is there already; nothing was changed`);
    const config = readConfig(env);
    const store = openFileStore(config);
    const node = await openNodeCopier(config);
    const { signal } = new AbortController();
    await using scratch = await openScratchFolder(scratchParentOf(config), 0, claimFolder);
    const copies = await node.copier.copyInto(scratch.path, both, signal);
    const { links, clicks } = inspectAll(store, copies);
    if (links === undefined) {
      throw new Refusal('this node has no links yet; start it, and let it join');
    }
    const manifest = await packFile(store, {
      files: { links, clicks },
      node: config.node.id,
      clusterId: node.clusterId,
      path,
      rest: node.rest,
      signal,
    }).catch((error: unknown) => {
      throw fileRefusal(path, 'written', error);
    });
    const { links: count = 0 } = manifest.databases.links.counts;
    output.line(`backed up ${counted(count, 'link')} to ${path}`);
    if (store.keys === undefined) {
      output.note(
        'it is not signed, since BACKUP_KEY is not set; "hoplite serve" does not take it',
      );
    }
  });
}
