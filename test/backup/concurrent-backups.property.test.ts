import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import type { Bucket } from '../../src/backup/bucket/bucket.ts';
import { fetchFile } from '../../src/backup/fetch-file.ts';
import { listBackups } from '../../src/backup/list-backups.ts';
import { packSnapshot } from '../../src/backup/pack-snapshot.ts';
import { findPrevious } from '../../src/backup/previous-backups.ts';
import { pruneBackups } from '../../src/backup/prune-backups.ts';
import type { RetainedBackup } from '../../src/backup/retention.ts';
import { SnapshotFault } from '../../src/backup/snapshot-fault.ts';
import { openTestStore } from '../support/backup-store.ts';
import { TestFolder } from '../support/test-database.ts';
import { TimedBucket } from '../support/timed-bucket.ts';
import { takeTurns } from '../support/turns.ts';

const hourMs = 3_600_000;
const startMs = Date.parse('2026-11-01T00:00:00.000Z');
/** As many as there are backups at the beginning, so that old ones are pruned, and their contents come again. */
const contents = [...'abcdefghij'];
/** Kept is what the newest so many hours have: more than go by while one backup is made. */
const hoursKept = 8;

/** As `chooseExpired`, with less to keep. */
function chooseOld(backups: readonly RetainedBackup[], settledMs: number): RetainedBackup[] {
  const hourOf = ({ takenAtMs }: RetainedBackup) => Math.floor(takenAtMs / hourMs);
  const hours = [...new Set(backups.map(hourOf))].toSorted((a, b) => b - a).slice(0, hoursKept);
  const isKept = (one: RetainedBackup) => hours.includes(hourOf(one)) || one.storedAtMs > settledMs;
  return backups.filter((one) => !isKept(one));
}

/** In memory where there is such a folder: thousands of files are forced to the disk. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const root = mkdtempSync(join(memory, 'hoplite-backups-'));
const before = join(root, 'before');
const folder = new TestFolder();
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  folder[Symbol.dispose]();
});

for (const content of contents) writeFileSync(folder.file(content), content);

const storeOf = (bucket: Bucket): BackupStore => ({ ...openTestStore(folder), bucket });

/** One backup by a node, of files with these contents; clicks may be left out. */
async function upload(bucket: Bucket, node: string, links: string, clicks: string | undefined) {
  const facts = {
    schema: '0001.sql',
    epoch: 1,
    origin: null,
    counts: {},
    contentHash: 'a'.repeat(64),
  };
  const store = storeOf(bucket);
  const previous = await findPrevious(store);
  const now = await bucket.nowMs();
  const copied = (content: string) => ({
    file: folder.file(content),
    takenAtMs: now,
    position: null,
    facts,
  });
  const files = {
    links: copied(links),
    ...(clicks === undefined ? {} : { clicks: copied(clicks) }),
  };
  const clock = { now: () => now };
  await packSnapshot(store, { files, node, clusterId: null, previous, ...clock });
}

/** A few that are no longer kept, and then those that are. */
beforeAll(async () => {
  mkdirSync(before);
  const bucket = new TimedBucket(before, startMs);
  for (const content of contents) {
    await upload(bucket, 'a', content, content);
    bucket.atMs += 2 * hourMs;
  }
});

/** The listed backups that cannot be fetched whole, of those that stay listed. */
async function findBroken(bucket: Bucket): Promise<string[]> {
  const broken: string[] = [];
  const store = storeOf(bucket);
  for (const entry of await listBackups(store)) {
    try {
      if (entry.is !== 'sound') throw entry.fault;
      for (const database of Object.values(entry.manifest.databases)) {
        if (database === null) continue;
        await fetchFile(store, database, { path: join(root, 'fetched'), title: entry.name });
      }
    } catch (error) {
      if (!(error instanceof SnapshotFault)) throw error;
      if ((await bucket.read(entry.key)) !== undefined) broken.push(error.message);
    }
  }
  return broken;
}

const anyContent = fc.constantFrom(...contents);
const anyActor = fc.oneof(
  fc.record({
    does: fc.constant('upload' as const),
    links: anyContent,
    clicks: fc.option(anyContent, { nil: undefined }),
  }),
  fc.record({ does: fc.constant('prune' as const) }),
);
const anyDeath = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 50 }) },
);
/** A call takes next to no time, or hours: an uploader and a pruner may be overtaken by a day. */
const anyDelay = fc.oneof(
  { weight: 9, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 90 }).map((minutes) => minutes * 60_000) },
);
/** What happens at one time, and in how many calls of the bucket each one dies, if it does. */
const anyRound = fc.record({
  actors: fc.array(fc.tuple(anyActor, anyDeath), {
    minLength: 3,
    maxLength: 5,
  }),
  afterMs: fc.integer({ min: 0, max: 26 }).map((hours) => hours * hourMs),
});

class Died extends Error {}

it('uploaders and pruners that work at once, slowly, and die, never break a backup that is listed', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRound, { minLength: 2, maxLength: 4 }),
      fc.infiniteStream(fc.record({ who: fc.nat(60), calls: fc.integer({ min: 1, max: 12 }) })),
      fc.infiniteStream(anyDelay),
      async (rounds, picks, delays) => {
        const path = join(root, `run-${runs}`);
        runs += 1;
        cpSync(before, path, { recursive: true, preserveTimestamps: true });
        const real = new TimedBucket(path, startMs + 36 * hourMs);
        for (const { actors, afterMs } of rounds) {
          const acts = actors.map(([actor, diesAfter]) => async (call: Call) => {
            const bucket = callBucket(real, diesAfter, async (work) =>
              call(() => {
                real.atMs += delays.next().value;
                return work();
              }),
            );
            try {
              if (actor.does === 'upload') await upload(bucket, 'b', actor.links, actor.clicks);
              else await pruneBackups(storeOf(bucket), undefined, chooseOld);
            } catch (error) {
              const isExpected =
                error instanceof Died || (error instanceof SnapshotFault && error.kind === 'other');
              if (!isExpected) throw error;
            }
          });
          await takeTurns(acts, picks);
          expect(await findBroken(real)).toEqual([]);
          real.atMs += afterMs;
        }
        rmSync(path, { recursive: true });
      },
    ),
    { numRuns: 40 },
  );
});

type Call = <T>(work: () => Promise<T>) => Promise<T>;

/** A bucket whose calls are made by `call`, until whoever uses it dies. */
function callBucket(bucket: Bucket, diesAfter: number | null, call: Call): Bucket {
  let calls = 0;
  const unlessDead: Call = async (work) => {
    calls += 1;
    if (diesAfter !== null && calls > diesAfter) throw new Died();
    return call(work);
  };
  return {
    name: bucket.name,
    list: (prefix) => unlessDead(() => bucket.list(prefix)),
    read: (key) => unlessDead(() => bucket.read(key)),
    write: (key, body) => unlessDead(() => bucket.write(key, body)),
    remove: (keys) => unlessDead(() => bucket.remove(keys)),
    nowMs: () => unlessDead(() => bucket.nowMs()),
  };
}
