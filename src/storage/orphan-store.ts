import type { ClickStore, OrphanHits } from '../domain/click-store.ts';
import type { OrphanHoursTable } from './click-schema.ts';
import type { Connection } from './connection.ts';
import { clickBuilder, clickReadBuilder, defineQuery } from './query.ts';

/** How many orphan slugs of a domain are kept. */
export const keptOrphanSlugs = 1_000;

const addHits = defineQuery((p: OrphanHoursTable) =>
  clickBuilder
    .insertInto('orphan_hours')
    .values({ domain_id: p.domain_id, hour: p.hour, hits: p.hits })
    .onConflict((c) =>
      c
        .columns(['domain_id', 'hour'])
        .doUpdateSet((e) => ({ hits: e('orphan_hours.hits', '+', e.ref('excluded.hits')) })),
    ),
);

interface SeenSlug extends OrphanHits {
  readonly domainId: number;
  readonly slug: string;
}

const noteAgain = defineQuery((p: SeenSlug) =>
  clickBuilder
    .updateTable('orphan_slugs')
    .set((e) => ({
      hits: e('hits', '+', p.hits),
      last_hour: e.fn<number>('max', ['last_hour', e.val(p.hour)]),
    }))
    .where('domain_id', '=', p.domainId)
    .where('slug', '=', p.slug),
);
const insertSlug = defineQuery((p: SeenSlug) =>
  clickBuilder
    .insertInto('orphan_slugs')
    .values({ domain_id: p.domainId, slug: p.slug, hits: p.hits, last_hour: p.hour }),
);
const countSlugs = defineQuery((p: { domainId: number }) =>
  clickReadBuilder
    .selectFrom('orphan_slugs')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('domain_id', '=', p.domainId),
);
const removeOldest = defineQuery((p: { domainId: number }) =>
  clickBuilder
    .deleteFrom('orphan_slugs')
    .where('domain_id', '=', p.domainId)
    .where('slug', '=', (e) =>
      e
        .selectFrom('orphan_slugs')
        .select('slug')
        .where('domain_id', '=', p.domainId)
        .orderBy('last_hour')
        .orderBy('hits')
        .limit(1),
    ),
);

/** The orphan hits of a connection that is in a transaction of the writer; for that transaction only. */
export function createOrphanStore(
  connection: Connection,
): Pick<ClickStore, 'addOrphans' | 'noteOrphanSlug'> {
  const counts = new Map<number, number>();

  return {
    addOrphans(domainId, hour, hits) {
      connection.run(addHits, { domain_id: domainId, hour, hits });
    },
    noteOrphanSlug(domainId, slug, seen) {
      const row = { domainId, slug, ...seen };
      if (connection.run(noteAgain, row) > 0) return;
      const count = counts.get(domainId) ?? connection.get(countSlugs, { domainId })?.count ?? 0;
      if (count >= keptOrphanSlugs) connection.run(removeOldest, { domainId });
      connection.run(insertSlug, row);
      counts.set(domainId, Math.min(count + 1, keptOrphanSlugs));
    },
  };
}
