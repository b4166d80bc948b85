import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LiveRestore } from '../../src/app/restore/live-restore.ts';
import { type ClosableWriter, PrimaryWriter } from '../../src/cluster/primary-writer.ts';
import { StagedFiles } from '../../src/storage/staged-files.ts';
import { eventually } from '../support/eventually.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { positionAt } from '../support/fake-mount.ts';
import { silentLog } from '../support/silent-log.ts';
import { TestFolder } from '../support/test-database.ts';

test.each(['links', 'clicks'] as const)(
  'nobody writes under the import of %s, though the lease goes and comes back meanwhile',
  async (during) => {
    using folder = new TestFolder();
    const cluster = new FakeCluster({ is: 'primary' });
    let opened = 0;
    await using writers = new PrimaryWriter({
      cluster,
      open: async () => openWriter(++opened),
      onOpenFailed: () => undefined,
      log: silentLog,
    });
    await eventually(() => expect(writers.epoch).toBe(1));
    const begun = Promise.withResolvers<void>();
    const imported = Promise.withResolvers<void>();
    const desk = new LiveRestore({
      name: 'go.example.com',
      cluster,
      writers,
      staged: new StagedFiles(folder.file('staged')),
      expectRoom: async () => undefined,
      keep: async () => folder.file('kept'),
      carryOver: async () => undefined,
      async replace(database) {
        if (database !== during) return;
        begun.resolve();
        await imported.promise;
      },
      readPositions: async () => ({ links: positionAt(1), clicks: positionAt(1) }),
      reopen: () => undefined,
      clock: { monotonicMs: () => performance.now() },
      log: silentLog,
    });
    const bytes = Buffer.from('bytes');
    const file = { bytes: 5, sha256: createHash('sha256').update(bytes).digest('hex') };
    await desk.add('links', 0, bytes);
    await desk.add('clicks', 0, bytes);

    const outcome = expect(desk.restore({ epoch: 1, links: file, clicks: file })).rejects.toThrow(
      /lease went away while/,
    );
    await begun.promise;
    cluster.become({ is: 'detached' });
    cluster.become({ is: 'primary' });
    await setTimeout(50);
    expect(writers.epoch).toBeUndefined();
    expect(() => writers.writer()).toThrow('not ready to write yet');
    imported.resolve();
    await outcome;
    expect(writers.epoch).toBe(2);
  },
);

function openWriter(epoch: number): ClosableWriter {
  const ended = Promise.withResolvers<Error | undefined>();
  return {
    opened: { epoch },
    ended: ended.promise,
    run: () => Promise.reject(new Error('not used')),
    count: () => Promise.reject(new Error('not used')),
    [Symbol.asyncDispose]: async () => ended.resolve(undefined),
  };
}
