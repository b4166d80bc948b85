import type { EventOf } from '../../history.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

/** Events of two nodes reach the driver by two connections. */
const deliveryMs = 50;

/** Transactions of one txid and checksum, wherever they arrived. */
interface Variant {
  readonly first: EventOf<'tx'>;
  last: EventOf<'tx'>;
  readonly nodes: Set<string>;
}

/**
 * L6. Only the primary of an epoch answers its writes. And what arrives at the nodes under one txid is one transaction,
 * unless another primary went back behind it: then the one is gone everywhere before the other is there.
 */
export const replicaNeverWrites: Invariant = {
  id: 'L6',
  sentence: 'A replica never writes: one txid is one state, on every node.',
  judge(history, tally) {
    findForeignAnswers(history, tally);
    for (const variants of toVariants(history, tally)) compareVariants(history, variants, tally);
  },
};

function findForeignAnswers({ events, writes }: History, tally: Tally): void {
  const primaryOf = new Map(events.primary.map((primary) => [primary.epoch, primary]));
  for (const write of writes) {
    if (write.type !== 'ok' || write.epoch === undefined || write.node === undefined) continue;
    // A node whose replay reached nobody passes the request on itself: then it is the one that answers.
    if (write.replays !== 0 && write.arg.direct !== true) continue;
    const primary = primaryOf.get(write.epoch);
    if (primary === undefined) continue;
    tally.look();
    if (primary.node !== write.node) {
      tally.offend(`${write.node} answered a write of an epoch in which it was no primary.`, [
        primary,
        write,
      ]);
    }
  }
}

/** For each txid its variants, in the order in which they were first seen. */
function toVariants({ events }: History, tally: Tally): Iterable<readonly Variant[]> {
  const byTxid = new Map<string, Map<string, Variant>>();
  for (const tx of events.tx) {
    const known = byTxid.get(tx.txid) ?? new Map<string, Variant>();
    byTxid.set(tx.txid, known);
    const variant = known.get(tx.checksum);
    if (variant === undefined) {
      known.set(tx.checksum, { first: tx, last: tx, nodes: new Set([tx.node]) });
    } else {
      tally.look();
      variant.last = tx;
      variant.nodes.add(tx.node);
    }
  }
  return [...byTxid.values()].map((known) => [...known.values()]);
}

function compareVariants(history: History, variants: readonly Variant[], tally: Tally): void {
  variants.slice(1).forEach((variant, index) => {
    const former = variants[index] as Variant;
    const isOver = former.last.at <= variant.first.at + deliveryMs;
    if (isOver && history.hasNewPrimary(former.first.at, variant.first.at)) return;
    if (isOneThatHung(history, former) || isOneThatHung(history, variant)) return;
    tally.offend(`Under the txid ${variant.first.txid} nodes have two states.`, [
      former.last,
      variant.first,
    ]);
  });
}

/** A primary that hung may commit one more transaction before it learns that it is none: nobody is told of it. */
function isOneThatHung({ faults }: History, { nodes, last }: Variant): boolean {
  const [node] = nodes;
  return faults.some(
    (fault) =>
      (fault.name === 'sigstop' || fault.name === 'node-paused') &&
      nodes.size === 1 &&
      fault.targets.includes(node as string) &&
      last.at >= fault.startAt &&
      last.at <= fault.healAt,
  );
}
