import { sql } from 'kysely';
import { defaultDomainId, type SlugCase } from '../domain/domain-name.ts';
import { Failure } from '../domain/failure.ts';
import type { Connection } from './connection.ts';
import { type DomainRow, domainColumns } from './domain-row.ts';
import { defineQuery, sqlBuilder } from './query.ts';

/** What the configuration says of the default domain. */
export interface DefaultDomain {
  /** Host of BASE_URL. */
  readonly host: string;
  readonly slugCase: SlugCase;
}

const find = defineQuery(() =>
  sqlBuilder.selectFrom('domains').select(domainColumns).where('id', '=', defaultDomainId),
);
const insert = defineQuery((p: DomainRow & { created_at: number }) =>
  sqlBuilder.insertInto('domains').values({
    id: p.id,
    host: p.host,
    slug_case: p.slug_case,
    created_at: p.created_at,
  }),
);
const update = defineQuery((p: { host: string; slugCase: string }) =>
  sqlBuilder
    .updateTable('domains')
    .set({ host: p.host, slug_case: p.slugCase })
    .where('id', '=', defaultDomainId),
);
const unfoldKeys = defineQuery(() =>
  sqlBuilder
    .updateTable('links')
    .set((e) => ({ slug_key: e.ref('slug') }))
    .where('domain_id', '=', defaultDomainId),
);
// Slugs are ASCII, so SQLite's lower() folds them as foldSlug does.
const foldKeys = defineQuery(() =>
  sqlBuilder
    .updateTable('links')
    .set({ slug_key: sql`lower(slug)` })
    .where('domain_id', '=', defaultDomainId),
);
const findCollision = defineQuery(() =>
  sqlBuilder
    .selectFrom('links')
    .select([sql<string>`min(slug)`.as('first'), sql<string>`max(slug)`.as('second')])
    .where('domain_id', '=', defaultDomainId)
    .groupBy(sql`lower(slug)`)
    .having((e) => e.fn.countAll(), '>', 1)
    .orderBy(sql`lower(slug)`)
    .limit(1),
);

/**
 * Makes the default domain what the configuration says, in the first transaction of an epoch. When
 * the case of its slugs changes, so do the keys of all its links; no rows in `changes` tell of it,
 * because every node forgets its memory of links with the new epoch.
 *
 * Throws `conflict`, naming two slugs, when slugs that differ by case alone would become one.
 */
export function reconcileDefaultDomain(
  connection: Connection,
  wanted: DefaultDomain,
  now: number,
): void {
  const present = connection.get(find, {});
  if (present === undefined) {
    connection.run(insert, {
      id: defaultDomainId,
      host: wanted.host,
      slug_case: wanted.slugCase,
      created_at: now,
    });
    return;
  }
  if (present.slug_case !== wanted.slugCase) rekeyLinks(connection, wanted.slugCase);
  if (present.slug_case !== wanted.slugCase || present.host !== wanted.host) {
    connection.run(update, { host: wanted.host, slugCase: wanted.slugCase });
  }
}

function rekeyLinks(connection: Connection, slugCase: SlugCase): void {
  if (slugCase === 'sensitive') {
    connection.run(unfoldKeys, {});
    return;
  }
  const collision = connection.get(findCollision, {});
  if (collision !== undefined) {
    throw new Failure(
      'conflict',
      `SLUG_CASE cannot become insensitive: "${collision.first}" and "${collision.second}" would be the same slug.`,
    );
  }
  connection.run(foldKeys, {});
}
