import { findMount, isFuse } from '../../cluster/mount-table.ts';
import type { Config } from '../../config.ts';
import { Refusal } from '../refusal.ts';
import { describeRole, type LearnedRole, learnRole } from './learn-role.ts';

/** How long a node may take to learn its role; on a boot it is about a second. */
const roleTimeoutMs = 5000;

/** What LiteFS says of this node within 5 s. Alone, a node is always primary. */
export async function learnOwnRole({ fleet, node }: Config): Promise<LearnedRole> {
  if (fleet === undefined) return { is: 'primary' };
  return learnRole({ litefsUrl: fleet.litefsUrl, node: node.id, waitMs: roleTimeoutMs });
}

/** Throws a `Refusal` unless this node may write: alone, or as primary on LiteFS's mount. */
export async function expectPrimary(config: Config): Promise<void> {
  const role = await learnOwnRole(config);
  if (role.is === 'replica') {
    throw new Refusal(`${describeRole(role)}, and only the primary writes; run this there`);
  }
  if (role.is === 'unknown') {
    throw new Refusal(`${describeRole(role)}, and only that writes; "hoplite doctor" looks why`);
  }
  await expectMount(config);
}

/**
 * Throws a `Refusal` when nothing is mounted at `LITEFS_DIR`. A database made in the bare folder would never be
 * replicated, and would vanish from sight under the next mount.
 */
export async function expectMount({ fleet }: Config): Promise<void> {
  if (fleet === undefined) return;
  const mount = await findMount(fleet.litefsDir);
  if (mount === 'unknown' || (mount !== undefined && isFuse(mount))) return;
  throw new Refusal(
    `LiteFS is not mounted at ${fleet.litefsDir} (LITEFS_DIR): set it to fuse.dir of litefs.yml`,
  );
}
