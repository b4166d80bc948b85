import type { HourRange, Orphans } from '../domain/click-reader.ts';
import type { Connection } from './connection.ts';
import { clickReadBuilder, defineQuery } from './query.ts';
import { readInSteps, rowCost, stepBudget } from './read-in-steps.ts';
import type { ReaderConnection } from './reader-connection.ts';

const hoursPerStep = Math.floor(stepBudget / rowCost);

interface DomainRange extends HourRange {
  readonly domainId: number;
}

const listHours = defineQuery((p: DomainRange) =>
  clickReadBuilder
    .selectFrom('orphan_hours')
    .select(['hour', 'hits'])
    .where('domain_id', '=', p.domainId)
    .where('hour', '>=', p.fromHour)
    .where('hour', '<', p.toHour)
    .orderBy('hour')
    .limit(hoursPerStep),
);
const listSlugs = defineQuery((p: DomainRange) =>
  clickReadBuilder
    .selectFrom('orphan_slugs')
    .select(['slug', 'hits', 'last_hour'])
    .where('domain_id', '=', p.domainId)
    .where('last_hour', '>=', p.fromHour)
    .where('last_hour', '<', p.toHour)
    .orderBy('last_hour', 'desc')
    .orderBy('hits', 'desc'),
);

/** Adds up the orphan hits of a range, and lists the slugs that were last asked for in it. */
export async function findOrphans(
  connection: ReaderConnection,
  domainId: number,
  range: HourRange,
): Promise<Orphans> {
  let hits = 0;
  const read = (c: Connection, place: HourRange) => {
    const found = c.all(listHours, { domainId, ...place });
    const last = found.length === hoursPerStep ? found.at(-1) : undefined;
    return { found, next: last && { ...range, fromHour: last.hour + 1 } };
  };
  for await (const rows of readInSteps(connection, range, read)) {
    hits = rows.reduce((sum, row) => sum + row.hits, hits);
  }
  const slugs = await connection.readIfPresent((c) => c.all(listSlugs, { domainId, ...range }));
  return {
    hits,
    slugs: (slugs?.value ?? []).map((row) => ({
      slug: row.slug,
      hits: row.hits,
      lastHour: row.last_hour,
    })),
  };
}
