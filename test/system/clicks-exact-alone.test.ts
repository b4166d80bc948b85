import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { slugOf } from '../../scripts/bench/slugs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { AppProcess } from '../support/app-process.ts';
import { readClickCounts, readUnconfirmed } from '../support/click-counts.ts';
import { findFreePort } from '../support/free-port.ts';
import { HitLedger } from '../support/hit-ledger.ts';
import { seededRandom } from '../support/seeded-random.ts';

const rounds = 20;
const links = 150;

test('a node that is killed at any moment counts what it answered, exactly', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hoplite-kill-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  makeLinks(dataDir, links);
  const slugs = Array.from({ length: links }, (_, n) => slugOf(n));
  const app = stack.use(
    new AppProcess({ dataDir, port: await findFreePort(), privatePort: await findFreePort() }),
  );
  const ledger = new HitLedger(slugs);
  const random = seededRandom('kill');
  for (let round = 1; round <= rounds; round += 1) {
    await app.start();
    const stop = ledger.start(app.url);
    const [high = 0, low = 0] = random.bytes(2);
    // From the first answer to a few thousand: in the middle of seals, merges and syncs.
    const enough = ledger.answered + 1 + ((high * 256 + low) % 4_000);
    await until(() => ledger.answered >= enough, { what: 'hits are answered', timeoutMs: 30_000 });
    await app.end('SIGKILL');
    await stop();
  }
  await app.start();
  await until(async () => (await readUnconfirmed(app.privateUrl)) === 0, {
    what: 'all clicks are counted',
    timeoutMs: 30_000,
  });
  expect(ledger.findMistakes(await readClickCounts(app.url))).toEqual([]);
  expect(ledger.refused).toEqual(new Map());
  expect(ledger.answered).toBeGreaterThan(rounds * 500);
});
