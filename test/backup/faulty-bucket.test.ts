import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { BucketFailure } from '../../src/backup/bucket/bucket.ts';
import { openBucket } from '../../src/backup/bucket/open-bucket.ts';
import { listBackups } from '../../src/backup/list-backups.ts';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { unpackSnapshot } from '../../src/backup/unpack-snapshot.ts';
import { countLinks } from '../../src/storage/database-file.ts';
import { addLinks, openTestStore, packInto, SampleDatabases } from '../support/backup-store.ts';
import { type BucketProxy, startBucketProxy } from '../support/bucket-proxy.ts';
import { randomBucketFaults } from '../support/random-bucket-faults.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';
import { TestFolder } from '../support/test-database.ts';

const rounds = 10;
const firstLinks = 4_000;
const linksARound = 100;
const busy = { is: 'refused', status: 503, code: 'ServiceUnavailable' } as const;

let server: S3Server;
let proxy: BucketProxy;
let samples: SampleDatabases;
const scratch = new TestFolder();

beforeAll(async () => {
  samples = new SampleDatabases(firstLinks);
  server = await startS3Server();
  proxy = await startBucketProxy(server.url);
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  samples?.[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

/** Copies of then: so many links were made by the end of a round. */
function copiesOf(round: number) {
  const folder = new TestFolder();
  const links = samples.copy('links', folder, (database) => {
    if (round > 0) addLinks(database, firstLinks + 1, linksOf(round));
  });
  return { files: { links, clicks: samples.copy('clicks', folder) }, folder };
}

const linksOf = (round: number) => firstLinks + round * linksARound;

test.each([1, 2])(
  'backups by two nodes over a path where all goes wrong by chance (%i): each that is listed can be restored',
  async (seed) => {
    const patience = { attempts: 6, firstWaitMs: 1, attemptMs: 2_000, callMs: 20_000 };
    const bucket = openBucket(
      { place: server.place(`faulty-${seed}`), s3: server.access(proxy.url) },
      { patience },
    );
    const keys = new BackupKeys(['a secret of this test, 32 characters']);
    const store = openTestStore(scratch, { bucket, keys, encrypt: true });
    const faults = randomBucketFaults(`faulty bucket ${seed}`);
    const done = new Map<string, number>();
    const failed: unknown[] = [];

    for (let round = 0; round < rounds; round += 1) {
      const { files, folder } = copiesOf(round);
      // A time in which nothing goes at all.
      proxy.inject(round === 3 ? () => busy : faults.choose);
      const packed = await Promise.allSettled(
        ['a', 'b'].map((node) => packInto(store, files, { node })),
      );
      proxy.heal();
      for (const result of packed) {
        if (result.status === 'fulfilled') done.set(result.value.name, linksOf(round));
        else failed.push(result.reason);
      }
      folder[Symbol.dispose]();
    }

    // Some of each, or nothing was shown.
    expect(done.size).toBeGreaterThan(rounds);
    expect(failed.length).toBeGreaterThanOrEqual(2);
    expect(faults.kinds().size).toBeGreaterThan(8);
    for (const error of failed) expect(error).toBeInstanceOf(BucketFailure);

    const entries = await listBackups(store);
    const listed = new Set(entries.map(({ name }) => name));
    expect([...done.keys()].filter((name) => !listed.has(name))).toEqual([]);
    for (const entry of entries) {
      if (entry.is !== 'sound') throw entry.fault;
      const folder = mkdtempSync(join(scratch.path, 'restored-'));
      const files = await unpackSnapshot(store, entry, { folder });
      const { links } = countLinks(files.links);
      expect(links).toBe(entry.manifest.databases.links.counts.links);
      // One whose writer never heard that it was stored is as good.
      if (done.has(entry.name)) expect(links).toBe(done.get(entry.name));
      rmSync(folder, { recursive: true });
    }

    // A restore over the same path gives the newest, or says that the bucket cannot be asked.
    const newest = entries[0]?.name;
    let restored = 0;
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const folder = mkdtempSync(join(scratch.path, 'restored-'));
      proxy.inject(faults.choose);
      const result = await restoreNewest(store, { folder }).catch((error: unknown) => error);
      proxy.heal();
      if (result instanceof BucketFailure) continue;
      expect(result).toMatchObject({ name: newest, passedOver: [] });
      restored += 1;
      rmSync(folder, { recursive: true });
    }
    expect(restored).toBeGreaterThan(0);
  },
);
