import type { EventOf, Operation } from '../../history.ts';
import { quoteFinal } from '../evidence.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

/**
 * L11. All requests with one `Idempotency-Key` make one link, also when the first one got no answer and the next one
 * reached another primary. The key with another body is refused.
 */
export const idempotentCreates: Invariant = {
  id: 'L11',
  sentence: 'A create that is sent again makes no second link.',
  judge(history, tally) {
    const byKey = Map.groupBy(
      history.writes.filter((write) => write.arg.idempotencyKey !== undefined),
      (write) => write.arg.idempotencyKey as string,
    );
    const finals = history.events.final.map((final) => ({ final, slugsOf: bySlugs(final) }));
    for (const requests of byKey.values()) {
      const same = requests.filter((write) => write.arg.otherBody !== true);
      if (requests.length > 1) tally.look();
      for (const other of requests) {
        if (other.arg.otherBody && other.type === 'ok') {
          tally.offend('An Idempotency-Key was taken with another body.', [
            ...same.slice(0, 1),
            other,
          ]);
        }
      }
      compareAnswers(history, same, tally);
      for (const { final, slugsOf } of finals) countLinks(same, final, slugsOf, tally);
    }
  },
};

function compareAnswers(history: History, same: readonly Operation[], tally: Tally): void {
  const [first, ...others] = same.filter((write) => write.type === 'ok');
  if (first === undefined) return;
  for (const other of others) {
    if (other.key === first.key && other.status === first.status) continue;
    // A local link can be lost to a new primary, which then makes it anew.
    const mayBeLost = first.durability !== 'replicated';
    if (mayBeLost && history.hasNewPrimary(first.invokedAt, other.returnedAt)) continue;
    tally.offend('Two requests with one Idempotency-Key got two answers.', [first, other]);
  }
}

function countLinks(
  same: readonly Operation[],
  final: EventOf<'final'>,
  slugsOf: ReadonlyMap<string, readonly string[]>,
  tally: Tally,
): void {
  const destination = same[0]?.arg.destination;
  const slugs = destination === undefined ? [] : (slugsOf.get(destination) ?? []);
  if (slugs.length <= 1) return;
  tally.offend(`Requests with one Idempotency-Key made ${slugs.length} links.`, [
    ...same,
    ...slugs.map((slug) => quoteFinal(final, slug, destination as string)),
  ]);
}

function bySlugs(final: EventOf<'final'>): Map<string, string[]> {
  const slugsOf = new Map<string, string[]>();
  for (const [slug, destination] of Object.entries(final.links)) {
    const slugs = slugsOf.get(destination);
    if (slugs === undefined) slugsOf.set(destination, [slug]);
    else slugs.push(slug);
  }
  return slugsOf;
}
