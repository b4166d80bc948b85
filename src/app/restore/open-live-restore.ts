import { join } from 'node:path';
import { expectRoom } from '../../backup/scratch-folder.ts';
import { LiteFsCopier } from '../../cluster/litefs-copier.ts';
import type { PeerClient } from '../../cluster/peer-client.ts';
import type { Config } from '../../config.ts';
import { databaseNames } from '../../domain/database-name.ts';
import { Failure } from '../../domain/failure.ts';
import { NotPrimary } from '../../domain/not-primary.ts';
import type { RestoreRoutesParts } from '../../http/restore-routes.ts';
import { carryOverInThread } from '../../storage/carry-over.ts';
import { sizeOfFiles } from '../../storage/file-sizes.ts';
import { keepCopy } from '../../storage/keep-copy.ts';
import { StagedFiles } from '../../storage/staged-files.ts';
import { copyInThread } from '../../storage/thread-copier.ts';
import { LiveRestore, type LiveRestoreOptions } from './live-restore.ts';
import { createReplace } from './replace-running.ts';

/** Longer than any import takes, milliseconds. */
const relayTimeoutMs = 900_000;

/** What restores into this node, or has its primary do so. What an earlier process left of files is thrown away. */
export async function openLiveRestore(
  config: Config,
  parts: Pick<LiveRestoreOptions, 'cluster' | 'writers' | 'readPositions' | 'clock' | 'log'> & {
    readonly peers: PeerClient;
    readonly readers: readonly { reopen(): void }[];
  },
): Promise<Pick<RestoreRoutesParts, 'desk' | 'relay'>> {
  const { cluster, peers, readers } = parts;
  const staged = new StagedFiles(join(config.storage.dataDir, 'restore-running'));
  await staged.discard();
  const desk = new LiveRestore({
    ...parts,
    name: new URL(config.http.baseUrl).host,
    staged,
    expectRoom: createExpectRoom(config),
    keep: createKeep(config),
    carryOver: (file) => carryOverInThread({ running: config.storage.linksFile, restored: file }),
    replace: createReplace(config),
    reopen() {
      for (const reader of readers) reader.reopen();
    },
    log: parts.log.child({ room: 'storage' }),
  });
  return {
    desk,
    async relay(request) {
      const role = cluster.role();
      if (role.is !== 'replica') throw new NotPrimary();
      const signal = AbortSignal.timeout(relayTimeoutMs);
      const answer = await peers.send(role.primary, request, signal).catch((error: unknown) => {
        throw silent(`The primary, ${role.primary}, does not answer.`, error);
      });
      if (answer !== undefined) return answer;
      throw silent(`The private port of the primary, ${role.primary}, is not known.`);
    },
  };
}

/** The files, what their transactions take until they are checkpointed or sent, and the copy of what there is. */
function createExpectRoom({ storage }: Config): LiveRestoreOptions['expectRoom'] {
  const { dataDir, linksFile, clicksFile } = storage;
  return (bytes) => expectRoom(dataDir, sizeOfFiles(linksFile, clicksFile) + 2 * bytes);
}

/** The way in which this node's databases are copied. */
function createKeep({ storage, fleet }: Config): LiveRestoreOptions['keep'] {
  const parent = join(storage.dataDir, 'before-restore');
  const files = { links: storage.linksFile, clicks: storage.clicksFile };
  return () =>
    keepCopy(
      parent,
      async (folder) => {
        if (fleet === undefined) return copyInThread({ files, folder });
        const { signal } = new AbortController();
        await new LiteFsCopier(fleet).copyInto(folder, databaseNames, signal);
      },
      new Date(),
    );
}

function silent(detail: string, cause?: unknown): Failure {
  return new Failure('unavailable', detail, { retryAfterS: 1 }, cause);
}
