import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { readClickCounts, readMetric } from '../support/click-counts.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { runApp } from '../support/running-app.ts';
import { bearer, follow, send } from '../support/send.ts';
import { TestFolder } from '../support/test-database.ts';

const adminKey = 'an-admin-key-of-a-snapshot-node';
const takenAt = '2026-11-20T10:00:00.000Z';
let folder: TestFolder;
let app: App;
let url: string;
let privateUrl: string;

/** A node that shows what a machine had, whose links and clicks are in it. */
beforeAll(async () => {
  folder = new TestFolder();
  {
    await using machine = await runApp({ ADMIN_KEY: adminKey });
    const body = { slug: 'kept', destination: 'https://example.com/kept' };
    await send(`${machine.baseUrl}/api/v1/links`, { method: 'POST', body });
    await follow(machine.baseUrl, 'kept');
    await eventually(async () => {
      expect((await readClickCounts(machine.baseUrl)).get('kept')).toBe(1);
    });
    await machine.app[Symbol.asyncDispose]();
    for (const name of ['links.db', 'clicks.db']) {
      copyFileSync(join(machine.dataDir, name), folder.file(name));
    }
  }
  const port = String(await findFreePort());
  const config = readConfig({
    DATA_DIR: folder.path,
    PORT: port,
    PRIVATE_PORT: '0',
    LOG_LEVEL: 'silent',
    ACCESS: 'keys',
    ADMIN_KEY: adminKey,
  });
  app = await startApp(config, { takenAt });
  url = `http://localhost:${port}`;
  ({ privateUrl } = app);
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const asAdmin = { headers: bearer(adminKey) };

describe('a node that serves a backup', () => {
  test('redirects, is ready, and counts nothing', async () => {
    expect(await follow(url, 'kept')).toBe('302 https://example.com/kept');
    for (const path of ['/healthz', '/readyz']) {
      expect((await send(url + path)).status).toBe(200);
    }
    expect(Object.fromEntries(await readClickCounts(url, asAdmin))).toEqual({ kept: 1 });
    expect(await readMetric(privateUrl, 'hoplite_clicks_recorded_total')).toBe(0);
  });

  test('does not deny a link that may have been made since', async () => {
    const answer = await send(`${url}/later`, { headers: { Accept: 'application/json' } });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text).detail).toBe(
      `The backup of ${takenAt}, which this node serves, has no such link. It may have been made since, which cannot be told here.`,
    );
  });

  test.each([
    ['POST', '/api/v1/links', { destination: 'https://example.com/' }],
    ['PATCH', '/api/v1/links/kept', { destination: 'https://example.com/' }],
    ['DELETE', '/api/v1/links/kept', undefined],
    ['POST', '/api/v1/keys', { name: 'another' }],
  ])('refuses to %s %s in words', async (method, path, body) => {
    const answer = await send(url + path, { method, body, ...asAdmin });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('Retry-After')).toBe('60');
    expect(JSON.parse(answer.text).detail).toBe(
      `This node serves the backup of ${takenAt}, which can only be read. Nothing was changed.`,
    );
  });

  test('shows the pages to a browser that signs in there', async () => {
    const signedIn = await send(`${url}/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: String(new URLSearchParams({ key: adminKey })),
    });
    expect(signedIn.status).toBe(303);
    const [cookie = ''] = signedIn.headers.getSetCookie();
    const headers = { Cookie: cookie.split(';')[0] as string, Accept: 'text/html' };
    const home = await send(`${url}/`, { headers });
    expect(home.text).toContain('https://example.com/kept');
    const status = await send(`${url}/status`, { headers });
    expect(status.text).toContain(`serves the backup of ${takenAt}, which can only be read.`);
  });

  test('says so in its status, and takes no restore', async () => {
    const { text } = await send(`${url}/status`, asAdmin);
    const { summary, nodes } = JSON.parse(text);
    expect(summary.isFine).toBe(true);
    expect(nodes[0].status).toMatchObject({ role: 'detached', servesBackupOf: takenAt });
    expect((await send(`${privateUrl}/restore`)).status).toBe(401);
  });
});
