import type { Operation } from '../../history.ts';
import { type History, isWrite } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { isLookUp } from '../look-up.ts';
import { comparePlaces, type Place, placeOf } from '../position-order.ts';
import type { Tally } from '../tally.ts';

/**
 * L3. A success names the position after its COMMIT, which lies behind that of each write that was answered before it
 * began; and the node that answered has it from then on, until another one is primary.
 */
export const noLyingCommit: Invariant = {
  id: 'L3',
  sentence: 'A success has read its position after COMMIT, and the position had advanced.',
  judge(history, tally) {
    const answered = history.writes.filter((write) => write.type === 'ok');
    for (const write of answered) {
      tally.look();
      if (placeOf(write) === undefined) {
        tally.offend('A success does not say where its write is.', [write]);
      }
    }
    findStandstill(answered, tally);
    findForgotten(history, tally);
  },
};

/** Writes that are answered where another one was, although that one was answered before they began. */
function findStandstill(answered: readonly Operation[], tally: Tally): void {
  const seenKeys = new Set<string>();
  const byReturn = answered.toSorted((one, other) => one.returnedAt - other.returnedAt);
  let next = 0;
  let furthest: { readonly place: Place; readonly write: Operation } | undefined;
  for (const write of answered) {
    for (; next < byReturn.length; next++) {
      const earlier = byReturn[next] as Operation;
      if (earlier.returnedAt >= write.invokedAt) break;
      const place = placeOf(earlier);
      if (place === undefined) continue;
      if (furthest === undefined || comparePlaces(place, furthest.place) > 0) {
        furthest = { place, write: earlier };
      }
    }
    const { idempotencyKey } = write.arg;
    // What was done before does nothing the second time.
    const isRetry = idempotencyKey !== undefined && seenKeys.has(idempotencyKey);
    if (idempotencyKey !== undefined) seenKeys.add(idempotencyKey);
    const place = placeOf(write);
    if (isRetry || place === undefined || furthest === undefined) continue;
    if (place.epoch === furthest.place.epoch && comparePlaces(place, furthest.place) <= 0) {
      tally.offend(
        'A write was answered with a position that an earlier one had reached already.',
        [furthest.write, write],
      );
    }
  }
}

/**
 * Reads at the primary that made a write, while it is primary, and that show what was before. A replica that passed the
 * write on may not have it yet.
 */
function findForgotten(history: History, tally: Tally): void {
  const primaryOf = new Map(history.events.primary.map(({ epoch, node }) => [epoch, node]));
  const lastOf = new Map<string, Operation>();
  for (const { operation, isEnd } of inOrder(history.operations)) {
    if (isEnd) {
      const { type, key } = operation;
      if (isWrite(operation) && type === 'ok' && key !== null) lastOf.set(key, operation);
      continue;
    }
    if (operation.key === null || !isLookUp(operation)) continue;
    const write = lastOf.get(operation.key);
    const node = history.nodeOf(operation);
    if (write?.epoch === undefined || node === undefined) continue;
    if (primaryOf.get(write.epoch) !== node) continue;
    if (history.hasNewPrimary(write.invokedAt, operation.returnedAt)) continue;
    const writes = history.slugs.get(operation.key);
    if (writes?.isOlder(operation.value, write)) {
      tally.offend(`${node} does not have what it said it had written.`, [write, operation]);
    }
  }
}

/** Beginnings and ends of operations in the order of time. */
function inOrder(operations: readonly Operation[]) {
  return operations
    .flatMap((operation) => [
      { operation, at: operation.invokedAt, isEnd: false },
      { operation, at: operation.returnedAt, isEnd: true },
    ])
    .sort((one, other) => one.at - other.at);
}
