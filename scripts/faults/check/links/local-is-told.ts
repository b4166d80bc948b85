import { quoteFinal } from '../evidence.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

/** L2. Each write that was answered with success says how durable it is, and none is lost that did not say `local`. */
export const localIsTold: Invariant = {
  id: 'L2',
  sentence: 'Every success says `replicated` or `local`, and only what said `local` can be lost.',
  judge(history, tally) {
    for (const write of history.writes) {
      if (write.type !== 'ok') continue;
      tally.look();
      if (write.durability === undefined) {
        tally.offend('A success does not say how durable it is.', [write]);
      } else if (
        write.replicated !== undefined &&
        write.replicated !== (write.durability === 'replicated')
      ) {
        tally.offend('Header and body of an answer differ in how durable it is.', [write]);
      } else if (write.arg.strict && write.durability === 'local') {
        tally.offend('A local write was answered with success where DURABILITY is strict.', [
          write,
        ]);
      }
    }
    findLostUntold(history, tally);
  },
};

function findLostUntold({ events, slugs }: History, tally: Tally): void {
  for (const [slug, writes] of slugs) {
    const last = writes.findLastOk((write) => write.durability !== 'local');
    if (last === undefined) continue;
    for (const final of events.final) {
      const value = final.links[slug] ?? null;
      if (!writes.isOlder(value, last)) continue;
      tally.offend(`A write of ${slug} is lost that never said it was local.`, [
        last,
        quoteFinal(final, slug, value),
      ]);
    }
  }
}
