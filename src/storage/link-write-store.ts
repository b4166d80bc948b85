import { Failure } from '../domain/failure.ts';
import type { Link } from '../domain/link.ts';
import type { LinkWriteStore } from '../domain/link-store.ts';
import { keptChanges } from './changes.ts';
import type { Connection } from './connection.ts';
import { toDomain } from './domain-row.ts';
import { findDomainById } from './find-domain-by-id.ts';
import { findLinkByKey } from './find-link-by-key.ts';
import { type LinkRow, linkColumns, toLink, toLinkRow } from './link-row.ts';
import { defineQuery, sqlBuilder } from './query.ts';

const findById = defineQuery((p: { id: number }) =>
  sqlBuilder.selectFrom('links').select(linkColumns).where('id', '=', p.id),
);
const findLastId = defineQuery(() =>
  sqlBuilder.selectFrom('sqlite_sequence').select('seq').where('name', '=', 'links'),
);
const count = defineQuery((p: { domainId: number }) =>
  sqlBuilder
    .selectFrom('links')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('domain_id', '=', p.domainId),
);
const insert = defineQuery((p: LinkRow) =>
  sqlBuilder.insertInto('links').values(toPlaceholders(p)),
);
const insertUnlessTaken = defineQuery((p: LinkRow) =>
  sqlBuilder
    .insertInto('links')
    .values(toPlaceholders(p))
    .onConflict((on) => on.columns(['domain_id', 'slug_key']).doNothing()),
);
const update = defineQuery((p: LinkRow) =>
  sqlBuilder.updateTable('links').set(toPlaceholders(p)).where('id', '=', p.id),
);
const remove = defineQuery((p: { id: number }) =>
  sqlBuilder.deleteFrom('links').where('id', '=', p.id),
);
const insertChange = defineQuery((p: { domainId: number; slugKey: string }) =>
  sqlBuilder.insertInto('changes').values({ domain_id: p.domainId, slug_key: p.slugKey }),
);
const trimChanges = defineQuery((p: { kept: number }) =>
  sqlBuilder
    .deleteFrom('changes')
    .where('revision', '<=', (e) =>
      e.selectFrom('changes').select((c) => c(c.fn.max('revision'), '-', p.kept).as('oldest')),
    ),
);

/** The links of a connection that is in a transaction of the writer. */
export function createLinkWriteStore(connection: Connection): LinkWriteStore {
  const counts = new Map<number, number>();

  function countLinks(domainId: number): number {
    const known = counts.get(domainId);
    if (known !== undefined) return known;
    const counted = connection.get(count, { domainId })?.count ?? 0;
    counts.set(domainId, counted);
    return counted;
  }

  function countOneMore({ domainId }: Link): void {
    const counted = counts.get(domainId);
    if (counted !== undefined) counts.set(domainId, counted + 1);
  }

  function recordChange({ domainId, slugKey }: Link): void {
    connection.run(insertChange, { domainId, slugKey });
    connection.run(trimChanges, { kept: keptChanges });
  }

  return {
    findLink(domainId, slugKey) {
      const row = connection.get(findLinkByKey, { domainId, slugKey });
      return row && toLink(row);
    },
    findLinkById(id) {
      const row = connection.get(findById, { id });
      return row && toLink(row);
    },
    lastLinkId: () => connection.get(findLastId, {})?.seq ?? 0,
    countLinks,
    getDomain(id) {
      const row = connection.get(findDomainById, { id });
      if (row === undefined) throw new Failure('not_found', 'There is no such domain.');
      return toDomain(row);
    },
    insertLink(link) {
      // Not by ON CONFLICT, which would take the id as given even when nothing is inserted. Nobody else
      // writes while this transaction lasts.
      if (connection.get(findLinkByKey, link) !== undefined) return false;
      connection.run(insert, toLinkRow(link));
      countOneMore(link);
      recordChange(link);
      return true;
    },
    importLink(link) {
      // One search of the index less than `insertLink`; imports have so many rows that lost ids do not matter.
      if (connection.run(insertUnlessTaken, toLinkRow(link)) === 1) {
        countOneMore(link);
        return undefined;
      }
      const row = connection.get(findLinkByKey, link);
      if (row === undefined) throw new Error(`the slug ${link.slug} is neither free nor taken`);
      return toLink(row);
    },
    updateLink(link) {
      if (connection.run(update, toLinkRow(link)) === 0) throw missing(link);
      recordChange(link);
    },
    deleteLink(link) {
      if (connection.run(remove, { id: link.id }) === 0) throw missing(link);
      recordChange(link);
    },
  };
}

function missing({ id }: Link): Error {
  return new Error(`there is no link ${id}`);
}

function toPlaceholders(row: LinkRow): LinkRow {
  return Object.fromEntries(
    linkColumns.map((column) => [column, row[column]]),
  ) as unknown as LinkRow;
}
