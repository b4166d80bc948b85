import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Destination } from '../../src/domain/destination.ts';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import type { Slug, SlugKey } from '../../src/domain/slug.ts';
import { Connection } from '../../src/storage/connection.ts';
import { createLinkWriteStore } from '../../src/storage/link-write-store.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { destinationOf, slugOf } from './slugs.ts';

/** Makes `links.db` in `folder`, with `count` plain links. */
export function makeLinks(folder: string, count: number): void {
  const file = join(folder, 'links.db');
  openWriterSession({
    file,
    journalMode: 'wal',
    migrationsDir: join(import.meta.dirname, '../../migrations/links'),
    node: 'bench',
    domain: { host: 'localhost:8080', slugCase: 'insensitive' },
    links: { minSlugLength: 6, destinationPolicy: { ownHosts: [], allowPrivate: false } },
  })[Symbol.dispose]();
  using connection = new Connection(new Database(file));
  const links = createLinkWriteStore(connection);
  connection.database.transaction(() => {
    for (let n = 0; n < count; n += 1) {
      links.insertLink({
        id: n + 1,
        domainId: defaultDomainId,
        slug: slugOf(n) as Slug,
        slugKey: slugOf(n) as string as SlugKey,
        destination: destinationOf(n) as Destination,
        title: null,
        redirectCode: 302,
        forwardQuery: false,
        notBefore: null,
        expiresAt: null,
        disabled: false,
        blocked: false,
        version: 1,
        createdAt: 0,
        updatedAt: 0,
      });
    }
  })();
}
