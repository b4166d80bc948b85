import type { Operation } from '../history.ts';

/** How far links.db was: ordered over failovers. */
export interface Place {
  readonly epoch: number;
  readonly txid: string;
}

/** Where an answer says that its write is; `undefined` when it does not. */
export function placeOf(operation: Operation): Place | undefined {
  const { epoch, txid } = operation;
  return epoch === undefined || txid === undefined ? undefined : { epoch, txid };
}

/** Below zero when `one` is before `other`, above when after. */
export function comparePlaces(one: Place, other: Place): number {
  if (one.epoch !== other.epoch) return one.epoch - other.epoch;
  if (one.txid === other.txid) return 0;
  return one.txid < other.txid ? -1 : 1;
}
