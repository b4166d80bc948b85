import { sql } from 'kysely';
import type { Destination } from '../domain/destination.ts';
import type { Domain } from '../domain/domain-name.ts';
import type { RedirectCode } from '../domain/link.ts';
import type {
  RedirectKey,
  RedirectLink,
  RedirectSnapshot,
  RedirectStore,
} from '../domain/redirect-store.ts';
import type { SlugKey } from '../domain/slug.ts';
import type { Connection } from './connection.ts';
import { domainColumns, toDomain } from './domain-row.ts';
import { findEpoch } from './find-epoch.ts';
import { defineQuery, readBuilder } from './query.ts';
import type { ReaderConnection, Unreadable } from './reader-connection.ts';

// No more columns than a redirect needs: each costs a memory that misses 0.1 µs.
const findLink = defineQuery((p: { domainId: number; slugKey: string }) =>
  readBuilder
    .selectFrom('links')
    .select([
      'id',
      'destination',
      'redirect_code',
      'forward_query',
      'not_before',
      'expires_at',
      'disabled',
      'blocked',
    ])
    .where('domain_id', '=', p.domainId)
    .where('slug_key', '=', p.slugKey),
);
// The newest is not asked of the log itself, whose rows may all have been deleted. The oldest by itself is one row of an
// index.
const findEnds = defineQuery(() =>
  readBuilder.selectNoFrom((e) => [
    e
      .selectFrom('sqlite_sequence')
      .select('seq')
      .where('name', '=', sql.lit('changes'))
      .as('newest'),
    e
      .selectFrom('changes')
      .select((c) => c.fn.min('revision').as('oldest'))
      .as('oldest'),
  ]),
);
// Not DISTINCT, which takes 7 ms for ten thousand rows and not 2: forgetting a link twice is the same as once.
const listChanged = defineQuery((p: { sinceRevision: number }) =>
  readBuilder
    .selectFrom('changes')
    .select(['domain_id', 'slug_key'])
    .where('revision', '>', p.sinceRevision),
);
const listDomains = defineQuery(() =>
  readBuilder.selectFrom('domains').select(domainColumns).orderBy('id'),
);

/** What the last read saw: the next one tells by it what it need not read again. */
interface LastRead {
  /** The whole row of the newest epoch. */
  readonly history: string;
  readonly revision: number;
  readonly domains: readonly Domain[];
}

/**
 * The redirect path's view of this node's copy. It serves one memory of links, since it knows the history
 * that its last read belongs to.
 */
export class RedirectReader implements RedirectStore {
  readonly #connection: ReaderConnection;
  #last: LastRead | undefined;

  constructor(connection: ReaderConnection) {
    this.#connection = connection;
  }

  read(sinceRevision: number, keys: readonly RedirectKey[]): RedirectSnapshot | Unreadable {
    const outcome = this.#connection.readFresh((connection) =>
      this.#readNow(connection, sinceRevision, keys),
    );
    return typeof outcome === 'object' ? outcome.value : outcome;
  }

  #readNow(
    connection: Connection,
    sinceRevision: number,
    keys: readonly RedirectKey[],
  ): RedirectSnapshot {
    const { newest, oldest } = connection.get(findEnds, {}) ?? {};
    const revision = newest ?? 0;
    const epochRow = connection.get(findEpoch, {});
    const history = JSON.stringify(epochRow ?? null);
    const isSameHistory = this.#last === undefined || this.#last.history === history;
    const firstKept = oldest ?? revision + 1;
    const reachesBack = sinceRevision <= revision && firstKept <= sinceRevision + 1;
    const snapshot = {
      epoch: epochRow?.epoch ?? 0,
      revision,
      // Two primaries can begin the same epoch when a failover lost the first one's (docs/facts.md, "LiteFS elects
      // whoever asks first"). Their revisions then count different writes, although their numbers go on.
      changed:
        isSameHistory && reachesBack ? toChanged(connection, sinceRevision, revision) : undefined,
      links: keys.map((key) => readLink(connection, key)),
      domains:
        isSameHistory && this.#last?.revision === revision
          ? this.#last.domains
          : connection.all(listDomains, {}).map(toDomain),
    };
    this.#last = { history, revision, domains: snapshot.domains };
    return snapshot;
  }
}

function readLink(connection: Connection, key: RedirectKey): RedirectLink | undefined {
  const row = connection.get(findLink, key);
  if (row === undefined) return undefined;
  return {
    id: row.id,
    domainId: key.domainId,
    slugKey: key.slugKey,
    destination: row.destination as Destination,
    redirectCode: row.redirect_code as RedirectCode,
    forwardQuery: row.forward_query === 1,
    notBefore: row.not_before,
    expiresAt: row.expires_at,
    disabled: row.disabled === 1,
    blocked: row.blocked === 1,
  };
}

function toChanged(
  connection: Connection,
  sinceRevision: number,
  revision: number,
): readonly RedirectKey[] {
  if (revision === sinceRevision) return [];
  return connection
    .all(listChanged, { sinceRevision })
    .map((row) => ({ domainId: row.domain_id, slugKey: row.slug_key as SlugKey }));
}
