import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { askNode } from '../../cluster/node-status.ts';
import type { EventOf } from '../history.ts';
import type { WorldNode } from '../world/world.ts';

const exportTimeoutMs = 30_000;
const referrerDimension = 3;

/**
 * Reads all there is on a node out of copies that its LiteFS gives. Nothing must move meanwhile. Throws when the node does
 * not answer.
 */
export async function readFinal(node: WorldNode): Promise<Omit<EventOf<'final'>, 'at'>> {
  const status = await askNode(node.process);
  if (status?.position == null || status.epoch === null) {
    throw new Error(`${node.id} does not say where it is`);
  }
  const dir = await mkdtemp(join(tmpdir(), 'hoplite-final-'));
  try {
    using links = await openCopy(node, 'links.db', dir);
    using clicks = await openCopy(node, 'clicks.db', dir);
    const databases = [links.db, clicks.db];
    return {
      event: 'final',
      node: node.id,
      links: readLinks(links.db),
      epoch: status.epoch,
      position: status.position,
      contentHash: hashContent(links.db),
      integrity: checkIntegrity(databases),
      foreignKeyViolations: databases.flatMap((db) => db.pragma('foreign_key_check')).length,
      clicks: readClicks(links.db, clicks.db),
      migrations: [...readMigrations('links', links.db), ...readMigrations('clicks', clicks.db)],
      schemaHash: hashOf(databases.map((db) => rowsOf(db, 'sqlite_schema', 'name'))),
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function openCopy(node: WorldNode, name: string, dir: string) {
  const file = join(dir, name);
  const response = await fetch(`${node.process.liteFsUrl}/export?name=${name}`, {
    signal: AbortSignal.timeout(exportTimeoutMs),
  });
  if (!response.ok) throw new Error(`LiteFS of ${node.id} answered ${response.status} on /export`);
  await writeFile(file, new Uint8Array(await response.arrayBuffer()));
  const db = new Database(file, { readonly: true });
  return { db, [Symbol.dispose]: () => db.close() };
}

function readLinks(links: Database.Database): Record<string, string> {
  const rows = links.prepare('SELECT slug, destination FROM links').raw().all();
  return Object.fromEntries(rows as [string, string][]);
}

function readClicks(links: Database.Database, clicks: Database.Database) {
  const totals = clicks.prepare('SELECT link_id, clicks + bots FROM click_totals').raw().all() as [
    number,
    number,
  ][];
  const byLink = new Map(totals);
  const slugs = links.prepare('SELECT id, slug FROM links').raw().all() as [number, string][];
  const requests = clicks
    .prepare(
      `SELECT value, sum(h.clicks + h.bots) FROM click_value_hours h
       JOIN click_values v ON v.id = h.value_id JOIN click_totals t ON t.id = h.total_id
       WHERE h.dimension = ? AND t.link_id <> 0 AND value LIKE '%.fault' GROUP BY value`,
    )
    .raw()
    .all(referrerDimension) as [string, number][];
  return {
    total: byLink.get(0) ?? 0,
    bySlug: Object.fromEntries(slugs.map(([id, slug]) => [slug, byLink.get(id) ?? 0])),
    byRequest: Object.fromEntries(
      requests.map(([host, count]) => [host.replace(/\.fault$/, ''), count]),
    ),
  };
}

function readMigrations(database: string, db: Database.Database): string[] {
  const rows = db.prepare('SELECT file, sha256 FROM schema_migrations ORDER BY file').raw().all();
  return (rows as [string, string][]).map(([file, sha256]) => `${database}/${file} ${sha256}`);
}

function checkIntegrity(databases: readonly Database.Database[]): string {
  const said = databases.map((db) => String(db.pragma('integrity_check', { simple: true })));
  return said.find((each) => each !== 'ok') ?? 'ok';
}

function hashContent(db: Database.Database): string {
  const tables = db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .pluck()
    .all() as string[];
  return hashOf(tables.map((table) => [table, rowsOf(db, table, '1')]));
}

function rowsOf(db: Database.Database, table: string, order: string): unknown[] {
  return db.prepare(`SELECT * FROM "${table}" ORDER BY ${order}`).raw().all();
}

function hashOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
