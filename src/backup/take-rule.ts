import type { DatabaseName } from '../domain/database-name.ts';
import { hasReached, type Position, type Txid } from '../domain/position.ts';
import type { NodeId } from '../domain/role.ts';
import { toAgeMs } from './bucket-age.ts';
import type { CopiedFile } from './copied-file.ts';
import type { Manifest } from './manifest.ts';

/** The newest backup in a bucket, as far as it matters for the next one. */
export interface NewestBackup {
  readonly node: NodeId;
  /** Whether it is of the same cluster as this node. */
  readonly isOfCluster: boolean;
  /** When the newest of its databases was copied, by the clock of the bucket. */
  readonly takenAtMs: number;
  /** Whether what was not copied may be taken over from it. */
  readonly canCarryOver: boolean;
  /** `null` for one of a machine alone. */
  readonly links: { readonly txid: string; readonly checksum: string } | null;
  /** `undefined` when it has no clicks. */
  readonly clicks:
    | {
        readonly takenAtMs: number;
        readonly position: { readonly txid: string; readonly checksum: string } | null;
      }
    | undefined;
}

/** What a look into the bucket comes to. The links are always copied: what of them is there already is not sent again. */
export type TakeDecision =
  | { readonly is: 'take'; readonly databases: readonly DatabaseName[] }
  /** Another node has made one just now. */
  | { readonly is: 'theirs'; readonly node: NodeId; readonly ageMs: number }
  /** The newest one has all that this node has. */
  | { readonly is: 'unchanged' };

/** Another node's backup that is younger than this part of the interval lets this node wait. */
const freshPart = 0.75;
/** Clicks are due a little early rather than one interval late. */
const duePart = 0.98;

/**
 * Decides, with the newest backup in the bucket in view, whether this node makes one now. `nowMs` is the clock of the
 * bucket. Two nodes that both think that it is their turn come to terms here: whoever comes second waits, so that a
 * network that is cut between them lets at most one backup of an interval be made twice.
 */
export function decideTake(given: {
  readonly node: NodeId;
  readonly nowMs: number;
  readonly intervalMs: number;
  readonly clicksIntervalMs: number;
  readonly newest: NewestBackup | undefined;
  /** Where the databases of this node are; `undefined` alone. */
  readonly links: Position | undefined;
  readonly clicks: Position | undefined;
}): TakeDecision {
  const { newest, nowMs } = given;
  if (newest === undefined) return { is: 'take', databases: ['clicks', 'links'] };
  const ageMs = toAgeMs(nowMs, newest.takenAtMs) ?? Number.POSITIVE_INFINITY;
  // Alone there is no other node, only another machine with the same bucket. Nor does another fleet in it hold up this one, which
  // is refused there and has to hear so.
  const isOfPeer = newest.isOfCluster && newest.node !== given.node && given.links !== undefined;
  if (isOfPeer && ageMs < given.intervalMs * freshPart) {
    return { is: 'theirs', node: newest.node, ageMs };
  }
  if (!newest.canCarryOver) return { is: 'take', databases: ['clicks', 'links'] };
  const clicksAgeMs = newest.clicks && toAgeMs(nowMs, newest.clicks.takenAtMs);
  const areClicksDue = clicksAgeMs === undefined || clicksAgeMs >= given.clicksIntervalMs * duePart;
  const hasNewClicks = areClicksDue && !isSame(given.clicks, newest.clicks?.position ?? undefined);
  if (!hasNewClicks && isSame(given.links, newest.links ?? undefined)) return { is: 'unchanged' };
  return { is: 'take', databases: hasNewClicks ? ['clicks', 'links'] : ['links'] };
}

/**
 * Whether a copy of the links is of an earlier state than those of a backup of the same fleet. As a backup it would be the newest
 * one, and a restore would lose what came between. Of a machine alone nothing tells.
 */
export function isBehind(
  { position, facts: { epoch } }: Pick<CopiedFile, 'position' | 'facts'>,
  newest: Pick<Manifest, 'epoch' | 'databases'>,
): boolean {
  const theirs = newest.databases.links.position;
  if (position === null || theirs === null || epoch === null) return false;
  const { txid } = position;
  return !hasReached({ epoch, txid }, { epoch: newest.epoch, txid: theirs.txid as Txid });
}

/** Without positions nothing is known to be the same. */
function isSame(
  own: Position | undefined,
  theirs: { readonly txid: string; readonly checksum: string } | undefined,
): boolean {
  if (own === undefined || theirs === undefined) return false;
  return own.txid === theirs.txid && own.checksum === theirs.checksum;
}
