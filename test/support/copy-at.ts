import type { CopyState } from '../../src/cluster/copy-state.ts';
import { positionAt } from './fake-mount.ts';

/** A node whose copies of both databases are at a transaction, and which follows `p` or the one given. */
export function copyAt(links: number, clicks: number = links, follows = 'p'): CopyState {
  return { links: positionAt(links), clicks: positionAt(clicks), follows };
}
