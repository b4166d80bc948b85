import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../scripts/cluster/until.ts';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import { AppProcess } from '../support/app-process.ts';
import { readUnconfirmed } from '../support/click-counts.ts';
import { findFreePort } from '../support/free-port.ts';
import { send } from '../support/send.ts';

const referrerHost = 'referrer-host.example';
/** What must be nowhere, as text or as the bytes of an address. */
const markers = {
  address: Buffer.from('203.0.113.77'),
  'address in bytes': Buffer.from([203, 0, 113, 77]),
  'IPv6 address': Buffer.from('2001:db8:1234::99'),
  'user agent': Buffer.from('MarkerAgent/1.0'),
  cookie: Buffer.from('marker-cookie'),
  'path of the referrer': Buffer.from('marker-path'),
  'query of the hit': Buffer.from('marker-query'),
  'unknown header': Buffer.from('marker-header'),
};

test('nothing that a process writes names a visitor', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hoplite-privacy-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const app = stack.use(
    new AppProcess({
      dataDir,
      port: await findFreePort(),
      privatePort: await findFreePort(),
      env: { LOG_LEVEL: 'trace', TRUST_PROXY: '1' },
    }),
  );
  await app.start();
  const body = { destination: 'https://example.com/', slug: 'spring' };
  await send(`${app.url}/api/v1/links`, { method: 'POST', body });
  for (const address of ['203.0.113.77', '2001:db8:1234::99']) {
    const headers = {
      'X-Forwarded-For': address,
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) MarkerAgent/1.0 Firefox/140.0',
      Cookie: 'session=marker-cookie',
      Referer: `https://${referrerHost}/marker-path`,
      'X-Whatever': 'marker-header',
    };
    for (const path of ['spring', 'spring?q=marker-query', 'no-such-slug?q=marker-query']) {
      await send(`${app.url}/${path}`, { headers });
    }
  }
  await until(async () => (await readUnconfirmed(app.privateUrl)) === 0, {
    what: 'all clicks are counted',
    timeoutMs: 30_000,
  });
  // Killed, so that the files stay as they were while it ran; ended in peace, for what the end writes.
  await app.end('SIGKILL');
  const killed = await readAll(dataDir);
  await app.start();
  await app.end('SIGTERM');
  const written = [
    ...killed,
    ...(await readAll(dataDir)),
    { file: 'log', bytes: Buffer.from(app.log) },
  ];

  // The host of a referrer is kept: in the spool and in the counts.
  const keeping = written.filter(({ bytes }) => bytes.includes(referrerHost));
  expect(keeping.map(({ file }) => file)).toContainEqual(expect.stringMatching(/\.batch$/));
  expect(keeping.map(({ file }) => file)).toContainEqual(expect.stringContaining('clicks.db'));
  for (const [what, marker] of Object.entries(markers)) {
    const files = written.filter(({ bytes }) => bytes.includes(marker)).map(({ file }) => file);
    expect({ what, files }).toEqual({ what, files: [] });
  }
});

/** All files of a folder, and what is compressed in them. */
async function readAll(folder: string): Promise<{ file: string; bytes: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const file = join(entry.parentPath, entry.name);
        const bytes = await readFile(file);
        const unpacked = file.endsWith('.batch') ? decodeBatch(bytes).framesBytes : [];
        return { file, bytes: Buffer.concat([bytes, Buffer.from(unpacked)]) };
      }),
  );
}
