import type { History } from './history.ts';
import { comparePlaces, type Place, placeOf } from './position-order.ts';

/** Of an epoch the lowest position that a success named, and when. */
type First = Place & { readonly at: number };

/**
 * Whether a failover has lost a position, as far as it was to be seen before `before`: a later epoch has one that is not
 * behind it. On one chain the txid rises with the epoch.
 */
export type IsLostPlace = (place: Place, before?: number) => boolean;

/** Looks through all successes once. */
export function findLostPlaces({ writes }: Pick<History, 'writes'>): IsLostPlace {
  const firsts = new Map<number, First>();
  for (const write of writes) {
    const place = placeOf(write);
    if (write.type !== 'ok' || place === undefined) continue;
    const known = firsts.get(place.epoch);
    if (known === undefined || comparePlaces(place, known) < 0) {
      firsts.set(place.epoch, { ...place, at: write.returnedAt });
    }
  }
  return (place, before = Number.POSITIVE_INFINITY) => {
    for (const first of firsts.values()) {
      const isLater = first.epoch > place.epoch && first.at < before;
      if (isLater && first.txid <= place.txid) return true;
    }
    return false;
  };
}
