import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Destination } from '../../src/domain/destination.ts';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import type { Link } from '../../src/domain/link.ts';
import type { Slug, SlugKey } from '../../src/domain/slug.ts';
import { linkColumns, toLinkRow } from '../../src/storage/link-row.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { projectDir } from '../cluster/programs.ts';
import { destinationOf, slugOf } from './slugs.ts';

/** Room for the index of 10 million slugs, which come in no order; bytes. */
const buildCacheBytes = 2 ** 31;

/** Makes `links.db` in `folder`, with `count` plain links, numbered from 1. */
export function makeLinks(folder: string, count: number): void {
  const file = join(folder, 'links.db');
  openWriterSession({
    file,
    journalMode: 'wal',
    migrationsDir: join(projectDir, 'migrations/links'),
    clicks: {
      file: join(folder, 'clicks.db'),
      migrationsDir: join(projectDir, 'migrations/clicks'),
    },
    node: 'bench',
    domain: { host: 'localhost:8080', slugCase: 'insensitive' },
    links: { minSlugLength: 6, destinationPolicy: { ownHosts: [], allowPrivate: false } },
  })[Symbol.dispose]();
  const database = new Database(file);
  try {
    database.pragma(`cache_size = -${buildCacheBytes / 1024}`);
    database.pragma('synchronous = OFF');
    const values = linkColumns.map((column) => `@${column}`);
    const insert = database.prepare(
      `INSERT INTO links (${linkColumns.join(', ')}) VALUES (${values.join(', ')})`,
    );
    database.transaction(() => {
      for (let n = 0; n < count; n += 1) insert.run(toLinkRow(plainLink(n)));
    })();
    database.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

function plainLink(n: number): Link {
  const slug = slugOf(n);
  return {
    id: n + 1,
    domainId: defaultDomainId,
    slug: slug as Slug,
    slugKey: slug as string as SlugKey,
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
  };
}
