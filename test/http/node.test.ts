import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeStatus } from '../../src/http/node-status.ts';
import { newestMigration } from '../../src/storage/migrations/migration.ts';
import { readDocTable } from '../support/doc-table.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { send } from '../support/send.ts';
import { startTestApp, type TestApp, type TestAppOptions } from '../support/test-app.ts';
import { linksMigrations } from '../support/test-database.ts';

/** docs/operations.md has what is expected; here is what its words mean. */
const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
const rows = readDocTable(page, 'Health checks');
const nodes: Record<string, TestAppOptions> = {
  'is the primary': {},
  'is the primary, and has not opened its writer or is not sure of its lease': {},
  'is a replica': { role: { is: 'replica', primary: 'p' } },
  'knows no primary, because there is none or it is cut off': { role: { is: 'detached' } },
  'has no links yet': {
    role: { is: 'joining' },
    database: { schemaVersion: async () => undefined },
  },
  'has links of a schema that its release does not know': {
    database: { isKnownSchema: () => false },
  },
  'is about to end': { parts: () => ({ notice: { look: () => true } }) },
};
const writes: Record<string, number> = {
  // What the primary of a test app answers.
  'goes to the primary': 418,
  // All of these are primaries.
  'as its role says': 201,
};

describe('health', () => {
  it('has a row for each node', () => {
    expect(rows.map((row) => row['a node that'])).toEqual(Object.keys(nodes));
  });

  it.each(Object.keys(nodes))('of a node that %s', async (what) => {
    const row = rows.find((each) => each['a node that'] === what) ?? {};
    await using app = await startTestApp(nodes[what]);
    app.isOpening = what.includes('not opened its writer');
    for (const path of ['/healthz', '/readyz']) {
      const status = Number(row[`\`${path}\``]);
      const { body, headers } = await app.client.get(path).expect(status);
      if (status === 200) expect(body).toEqual({ ok: true });
      else expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      await app.client.head(path).expect(status);
    }
    const link = { destination: 'https://example.com/' };
    const write = row['a write there'] ?? '';
    const { status } = await send(`http://127.0.0.1:${app.port}/api/v1/links`, {
      method: 'POST',
      body: link,
    });
    expect(status).toBe(writes[write] ?? Number(write));
  });

  it('names a schema that this version does not know', async () => {
    await using app = await startTestApp({ database: { isKnownSchema: () => false } });
    const { body } = await app.client.get('/readyz').expect(503);
    expect(body.detail).toContain(`schema of the links is ${newestMigration(linksMigrations)}`);
  });
});

describe('the status of a node', () => {
  it('tells of a primary', async () => {
    const clock = fakeClock();
    await using app = await startTestApp({ clock });
    clock.advance(61_500);
    app.cluster.at = { txid: '000000000000000a' as never, checksum: '8000000000000000' };
    const { body } = await app.client.get('/api/v1/status').expect(200);
    expect(body).toEqual({
      node: 'me',
      region: 'ams',
      role: 'primary',
      primary: null,
      position: { txid: '000000000000000a', checksum: '8000000000000000' },
      lagMs: 0,
      epoch: 1,
      schema: newestMigration(linksMigrations),
      durability: 'local',
      otherCandidate: null,
      lease: null,
      guard: null,
      clicks: { unconfirmed: 0, oldestMs: 0 },
      servesBackupOf: null,
      backup: null,
      version: '0.0.0-test',
      uptimeS: 61,
    });
  });

  it('tells of a replica, and what it does not know', async () => {
    await using app = await startTestApp({
      role: { is: 'replica', primary: 'p' },
      database: { schemaVersion: async () => undefined, epoch: async () => undefined },
    });
    const { body } = await app.client.get('/api/v1/status').expect(200);
    expect(body).toMatchObject({
      role: 'replica',
      primary: 'p',
      position: null,
      epoch: null,
      schema: null,
      durability: null,
    });
  });

  it('tells what a write meets', async () => {
    const lease = { holder: 'me', isOurs: true, renewedMsAgo: 1200.4 };
    const backup = {
      isOurTurn: true,
      isFailing: false,
      newestAgeMs: 61_000,
      clicksAgeMs: null,
      verifiedAgeMs: 5,
      verifiedClicksAgeMs: null,
      unsavedMs: 0,
      failure: { kind: 'denied', why: 'The keys are wrong.' },
    };
    await using app = await startTestApp({
      parts: ({ cluster, database, version, clock }) => ({
        readStatus: createNodeStatus({
          cluster,
          database,
          writeState: () => ({ durability: 'replicated', otherCandidate: 'b', lease }),
          guardState: () => ({
            isCandidate: true,
            candidates: ['me', 'b'],
            consulAnsweredMsAgo: 3.2,
            mark: undefined,
          }),
          clicks: () => ({ unconfirmed: 7, oldestMs: 12.6 }),
          backup: () => backup,
          version,
          clock,
        }),
      }),
    });
    const { body } = await app.client.get('/api/v1/status').expect(200);
    expect(body).toMatchObject({
      durability: 'replicated',
      otherCandidate: 'b',
      lease: { holder: 'me', isOurs: true, renewedMsAgo: 1200 },
      guard: { isCandidate: true, candidates: ['me', 'b'], consulAnsweredMsAgo: 3, mark: null },
      clicks: { unconfirmed: 7, oldestMs: 13 },
      backup,
    });
  });
});

describe('what every host is asked for', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('robots.txt lets crawlers follow short URLs, and nothing of ours', async () => {
    const { text, headers } = await app.client.get('/robots.txt').expect(200);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text).toContain('User-agent: *\nDisallow: /api/\n');
    expect(text).not.toMatch(/^Disallow: \/$/m);
  });

  it('favicon.ico is nothing, and asked for rarely', async () => {
    const { headers } = await app.client.get('/favicon.ico').expect(204);
    expect(headers['cache-control']).toBe('public, max-age=86400');
  });

  it('assets are kept for ever under the mark of this version alone', async () => {
    const { version } = app.parts.assets;
    const kept = await app.client.get(`/assets/page.css?v=${version}`).expect(200);
    expect(kept.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(kept.headers['content-type']).toContain('text/css');
    for (const query of ['', '?v=', '?v=other', `?x=${version}`]) {
      const { headers } = await app.client.get(`/assets/page.css${query}`).expect(200);
      expect(headers['cache-control']).toBe('no-cache');
    }
  });
});

describe('metrics', () => {
  it('take requests by the pattern of their route', async () => {
    const observed: unknown[] = [];
    await using app = await startTestApp({
      parts: () => ({ observe: (labels) => observed.push(labels) }),
    });
    observed.length = 0;
    await app.client.get('/api/v1/links/nowhere').expect(404);
    await expect
      .poll(() => observed)
      .toEqual([{ method: 'GET', route: '/api/v1/links/{slug}', status: 404 }]);
  });
});

describe('headers', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ settings: { baseUrl: 'https://go.example.com' } });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const policy =
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'";

  it.each([
    ['/', 'text/html'],
    ['/', 'application/json'],
    ['/session', 'text/html'],
    ['/no/such', 'text/html'],
    ['/no/such', '*/*'],
    ['/api/v1/links', '*/*'],
    ['/healthz', '*/*'],
    ['/assets/page.css', '*/*'],
    ['/api/v1/links?x=1', '*/*'],
  ])('of %s as %s keep browsers from harm', async (path, accept) => {
    const { headers } = await app.client.get(path).set('Accept', accept);
    expect(headers).toMatchObject({
      'content-security-policy': policy,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    if (!path.startsWith('/assets/')) expect(headers['cache-control']).toBe('no-store');
  });

  it('promise https only where there is https', async () => {
    await using plain = await startTestApp();
    const { headers } = await plain.client.get('/healthz');
    expect(headers).not.toHaveProperty('strict-transport-security');
  });
});
