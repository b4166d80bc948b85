import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Command } from '../../src/storage/group-commit.ts';
import { startWriter } from '../../src/storage/writer.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

const transactions = 40;
const links = 100;

function batch(): Command[] {
  return Array.from({ length: links }, () => ({
    name: 'createLink',
    input: { domainId: 1, link: { destination: 'https://example.com/', title: 'a storm' } },
  }));
}

/** How late the event loop of this thread was meanwhile, milliseconds, but for the worst tenth of its turns. */
async function lateness(storm: () => Promise<void>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await storm();
  histogram.disable();
  return histogram.percentile(90) / 1e6;
}

test('a storm of commits leaves the event loop of the main thread alone', async () => {
  using folder = new TestFolder();
  const options = writerOptions(folder, { journalMode: 'delete' });
  const session = openWriterSession(options);
  const onMainThread = await lateness(async () => {
    for (let index = 0; index < transactions; index += 1) {
      session.commits.run(batch());
      await nextTick();
    }
  });
  session[Symbol.dispose]();

  const writer = await startWriter(options);
  const inThread = await lateness(async () => {
    for (let index = 0; index < transactions; index += 1) {
      await Promise.all(
        batch().map(({ name, input }) => writer.run(name as 'createLink', input as never)),
      );
    }
  });
  await writer[Symbol.asyncDispose]();
  // 17 to 20 on a busy machine with two cores.
  expect(onMainThread / inThread).toBeGreaterThan(3);
});
