import type { Operation } from '../../history.ts';
import { quoteFinal } from '../evidence.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';
import { judgeCountsAround } from './around-faults.ts';

/** Clicks so long before a primary is lost may not be counted yet; so long after it they may be sent again. */
const marginMs = 3_000;

/**
 * K6. Links that were hit around the loss of a primary are counted exactly, also when the new one went back. Within an
 * epoch counts never fall, unless they are taken back on purpose, and in the end all nodes have the same ones.
 */
export const exactOverFailover: Invariant = {
  id: 'K6',
  sentence: 'A failover neither loses clicks nor counts them twice.',
  judge(history, tally) {
    judgeCountsAround(
      history,
      history.faults.filter((fault) => fault.losesPrimary),
      (fault, hit) =>
        hit.returnedAt >= fault.startAt - marginMs && hit.invokedAt <= fault.healAt + marginMs,
      tally,
    );
    findFalls(history, tally);
    compareNodes(history, tally);
  },
};

/** Counts that one node showed within one epoch, and that fell. */
function findFalls(history: History, tally: Tally): void {
  const highest = new Map<string, Operation>();
  const restores = history.faults.filter(({ name }) => name === 'clicks-restored');
  for (const read of history.operations) {
    const { op, type, key, value, epoch } = read;
    const node = history.nodeOf(read);
    if (op !== 'stats' || type !== 'ok' || typeof value !== 'number') continue;
    if (epoch === undefined || node === undefined) continue;
    if (key === null || !history.slugs.get(key)?.isOneLink) continue;
    const name = `${key} ${node} ${epoch}`;
    const former = highest.get(name);
    const isAfterRestore = restores.some(
      ({ startAt, healAt }) =>
        former !== undefined && former.invokedAt <= healAt && read.returnedAt >= startAt,
    );
    if (former === undefined || isAfterRestore) {
      highest.set(name, read);
      continue;
    }
    tally.look();
    if (value >= (former.value as number)) highest.set(name, read);
    else if (former.returnedAt < read.invokedAt) {
      tally.offend(`The clicks of ${key} fell within epoch ${epoch}.`, [former, read]);
    }
  }
}

function compareNodes({ events }: History, tally: Tally): void {
  const [first, ...others] = events.final;
  if (first === undefined) return;
  for (const other of others) {
    const slugs = new Set([
      ...Object.keys(first.clicks.bySlug),
      ...Object.keys(other.clicks.bySlug),
    ]);
    for (const slug of slugs) {
      const one = first.clicks.bySlug[slug] ?? 0;
      const another = other.clicks.bySlug[slug] ?? 0;
      if (one === another) continue;
      tally.offend(`${first.node} and ${other.node} have different counts.`, [
        quoteFinal(first, `clicks of ${slug}`, one),
        quoteFinal(other, `clicks of ${slug}`, another),
      ]);
    }
  }
}
