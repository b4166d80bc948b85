import type { Operation } from '../../history.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { comparePlaces, type Place, placeOf } from '../position-order.ts';
import type { Tally } from '../tally.ts';

interface Placed {
  readonly write: Operation;
  readonly place: Place;
}

/**
 * L5. Replicated writes lie on one chain: by txid their epochs never fall, and one place has one checksum. And no
 * success of an older epoch begins after one of a newer epoch was there: then two nodes were acknowledging.
 */
export const oneChain: Invariant = {
  id: 'L5',
  sentence: 'At most one node acknowledges: all replicated writes lie on one chain of positions.',
  judge(history, tally) {
    const placed = toPlaced(history);
    const replicated = placed.filter(({ write }) => write.durability === 'replicated');
    tally.look(replicated.length);
    findForks(replicated, tally);
    findChecksums(replicated, tally);
    findReturns(placed, tally);
  },
};

function toPlaced({ writes }: History): Placed[] {
  return writes.flatMap((write) => {
    const place = placeOf(write);
    return write.type === 'ok' && place !== undefined ? [{ write, place }] : [];
  });
}

/** Two chains: the txid rises, and the epoch falls; or one txid belongs to two epochs. */
function findForks(replicated: readonly Placed[], tally: Tally): void {
  const byTxid = replicated.toSorted(({ place: one }, { place: other }) =>
    one.txid === other.txid ? one.epoch - other.epoch : one.txid < other.txid ? -1 : 1,
  );
  let newest: Placed | undefined;
  for (const each of byTxid) {
    if (newest !== undefined && each.place.epoch < newest.place.epoch) {
      tally.offend('Two replicated writes lie on two chains.', [newest.write, each.write]);
    } else if (
      newest !== undefined &&
      each.place.txid === newest.place.txid &&
      each.place.epoch !== newest.place.epoch
    ) {
      tally.offend('Two replicated writes of two epochs have one txid.', [
        newest.write,
        each.write,
      ]);
    } else newest = each;
  }
}

function findChecksums(replicated: readonly Placed[], tally: Tally): void {
  const checksums = new Map<string, Operation>();
  for (const { write, place } of replicated) {
    if (write.checksum === undefined) continue;
    const name = `${place.epoch}.${place.txid}`;
    const other = checksums.get(name);
    if (other === undefined) checksums.set(name, write);
    else if (other.checksum !== write.checksum) {
      tally.offend('Two replicated writes have one position and two checksums.', [other, write]);
    }
  }
}

/** Goes through the writes as they began, with the furthest of those that had been answered by then. */
function findReturns(placed: readonly Placed[], tally: Tally): void {
  const byReturn = placed.toSorted(
    ({ write: one }, { write: other }) => one.returnedAt - other.returnedAt,
  );
  let next = 0;
  let furthest: Placed | undefined;
  for (const each of placed) {
    for (; next < byReturn.length; next++) {
      const earlier = byReturn[next] as Placed;
      if (earlier.write.returnedAt >= each.write.invokedAt) break;
      if (furthest === undefined || comparePlaces(earlier.place, furthest.place) > 0) {
        furthest = earlier;
      }
    }
    if (furthest === undefined || comparePlaces(each.place, furthest.place) >= 0) continue;
    tally.offend(
      each.place.epoch < furthest.place.epoch
        ? 'A write was acknowledged in an epoch that was over.'
        : 'A write was acknowledged before the place of one that was answered earlier.',
      [furthest.write, each.write],
    );
  }
}
