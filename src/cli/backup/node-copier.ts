import { LiteFsCopier } from '../../cluster/litefs-copier.ts';
import { readMembership } from '../../cluster/litefs-info.ts';
import type { Config } from '../../config.ts';
import type { DatabaseCopier } from '../../domain/database-copy.ts';
import { FileCopier } from '../../storage/file-copier.ts';
import { Refusal } from '../refusal.ts';
import { takeLowestPriority } from './lowest-priority.ts';

/** The copier of this node's databases, and whose they are. */
export interface NodeCopier {
  readonly copier: DatabaseCopier;
  /** LiteFS's id of the fleet; `null` alone. */
  readonly clusterId: string | null;
  /** Whether nobody can be ahead of it: it has the lease, or is alone. */
  readonly isPrimary: boolean;
}

const infoTimeoutMs = 5_000;

/**
 * Opens it, for a program that gives way to all others: at once where nobody waits for a copy, and in a fleet as soon as LiteFS
 * is held up no more. Rejects with a `Refusal` when LiteFS does not answer.
 */
export async function openNodeCopier({ fleet, storage }: Config): Promise<NodeCopier> {
  if (fleet === undefined) {
    takeLowestPriority();
    const files = { links: storage.linksFile, clicks: storage.clicksFile };
    return { copier: new FileCopier(files), clusterId: null, isPrimary: true };
  }
  const { litefsUrl, litefsDir } = fleet;
  try {
    const { clusterId, isPrimary } = await readMembership(
      litefsUrl,
      AbortSignal.timeout(infoTimeoutMs),
    );
    const copier = new LiteFsCopier({ litefsUrl, litefsDir, onReceived: takeLowestPriority });
    return { copier, clusterId: clusterId ?? null, isPrimary };
  } catch (error) {
    throw new Refusal(
      `LiteFS does not answer at ${litefsUrl} (${(error as Error).message}); a backup is made on a node that runs`,
      { cause: error },
    );
  }
}
