import { readMembership } from '../../cluster/litefs-info.ts';
import type { Config } from '../../config.ts';
import type { DatabaseCopier } from '../../domain/database-copy.ts';
import { takeLowestPriority } from '../lowest-priority.ts';
import { Refusal } from '../refusal.ts';
import { DutyCycle } from './duty-cycle.ts';
import { openCopier } from './open-copier.ts';

/** The copier of this node's databases, and whose they are. */
export interface NodeCopier {
  readonly copier: DatabaseCopier;
  /** LiteFS's id of the fleet; `null` alone. */
  readonly clusterId: string | null;
  /** Whether nobody can be ahead of it: it has the lease, or is alone. */
  readonly isPrimary: boolean;
  /** To be waited for after each piece of work on the copies. */
  readonly rest: () => Promise<void>;
}

const infoTimeoutMs = 5_000;

/**
 * Opens it, for a program that gives way to all others and rests between pieces: at once where nobody waits for a copy, and in a
 * fleet as soon as LiteFS is held up no more. Rejects with a `Refusal` when LiteFS does not answer.
 */
export async function openNodeCopier(config: Config): Promise<NodeCopier> {
  const dutyCycle = new DutyCycle();
  const rest = () => dutyCycle.rest();
  if (config.fleet === undefined) {
    takeLowestPriority();
    const copier = openCopier(config, { rest: () => dutyCycle.restHere() });
    return { copier, clusterId: null, isPrimary: true, rest };
  }
  const { litefsUrl } = config.fleet;
  try {
    const { clusterId, isPrimary } = await readMembership(
      litefsUrl,
      AbortSignal.timeout(infoTimeoutMs),
    );
    const copier = openCopier(config, { onReceived: () => takeLowestPriority() });
    return { copier, clusterId: clusterId ?? null, isPrimary, rest };
  } catch (error) {
    throw new Refusal(
      `LiteFS does not answer at ${litefsUrl} (${(error as Error).message}); a backup is made on a node that runs`,
      { cause: error },
    );
  }
}
