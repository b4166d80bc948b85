import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { runApp } from '../support/running-app.ts';

test('a start is refused, and makes no database, where LiteFS is not mounted', async () => {
  await using litefs = await FakeLiteFs.start({ isPrimary: true });
  const bare = await mkdtemp(join(tmpdir(), 'hoplite-bare-'));
  const started = runApp({
    LITEFS_DIR: bare,
    LITEFS_URL: litefs.url,
    NODE_ID: 'ams1',
    REGION: 'ams',
    PEER_URL: 'ams1=http://127.0.0.1:1',
    FLEET_SECRET: 'a'.repeat(64),
    ACCESS: 'open',
  });
  try {
    await expect(started).rejects.toThrow(`LiteFS is not mounted at ${bare} (LITEFS_DIR)`);
    expect(await readdir(bare)).toEqual([]);
  } finally {
    await started.then((running) => running[Symbol.asyncDispose]()).catch(() => undefined);
    await rm(bare, { recursive: true, force: true });
  }
});
