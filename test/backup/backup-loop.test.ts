import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BackupLoop, type BackupPeer } from '../../src/backup/backup-loop.ts';
import type { BackupWork } from '../../src/backup/backup-pace.ts';
import type { BackupReport } from '../../src/backup/backup-report.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';

const minute = 60_000;
const hour = 60 * minute;
const alone: BackupPeer = {
  node: 'ams1',
  role: 'primary',
  isCandidate: undefined,
  hasBucket: true,
  isFailing: false,
  ages: undefined,
};

describe('the loop that makes backups', () => {
  let clock: FakeClock;
  let nodes: readonly BackupPeer[];
  let stamp: string | undefined;
  let verifiedAtMs: number | undefined;
  let works: BackupWork[];
  let answer: (work: BackupWork) => BackupReport;
  let loop: BackupLoop;

  const succeed = (work: BackupWork): BackupReport => {
    if (work === 'drill') verifiedAtMs = clock.monotonicMs();
    const newest = { name: 'n', node: 'ams1', ageMs: 0, bytes: 9, storedBytes: 3, clicksAgeMs: 0 };
    const verified =
      verifiedAtMs === undefined
        ? null
        : { name: 'n', ageMs: clock.monotonicMs() - verifiedAtMs, clicksAgeMs: 0 };
    const outcome = work === 'backup' ? 'taken' : 'verified';
    return { outcome, tookMs: 5, sentBytes: 10, look: { newest, verified } };
  };
  const fail = (): BackupReport => ({ outcome: 'failed', kind: 'unreachable', why: 'It is away.' });

  /** Lets some ticks go by. */
  const settle = async () => {
    for (let tick = 0; tick < 5; tick += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const expectWorks = async (...expected: BackupWork[]) => {
    await vi.waitFor(() => expect(works).toEqual(expected));
    await settle();
    expect(works).toEqual(expected);
    works.length = 0;
  };

  beforeEach(() => {
    clock = fakeClock();
    nodes = [alone];
    stamp = 'a';
    verifiedAtMs = undefined;
    works = [];
    answer = succeed;
    loop = new BackupLoop({
      node: 'ams1',
      intervalMs: minute,
      clicksIntervalMs: hour,
      listNodes: async () => nodes,
      stamp: () => stamp,
      async run(work) {
        works.push(work);
        return answer(work);
      },
      clock,
      random: { bytes: (count) => new Uint8Array(count) },
      log: { info() {}, warn() {}, error() {}, debug() {} },
      tickMs: 1,
    });
  });

  afterEach(() => loop[Symbol.asyncDispose]());

  it('makes one at once, tries it, and then only when something changed and an interval went by', async () => {
    await expectWorks('backup', 'drill');
    clock.advance(2 * minute);
    await expectWorks();
    stamp = 'b';
    await expectWorks('backup');
    stamp = 'c';
    await expectWorks();
    clock.advance(minute);
    await expectWorks('backup');
    expect(loop.figures()).toMatchObject({ isOurTurn: true, unsavedMs: 0, sentBytes: 40 });
  });

  it('copies clicks that are an hour old, and tries a backup daily, also when no link changed', async () => {
    await expectWorks('backup', 'drill');
    clock.advance(hour);
    await expectWorks('backup');
    clock.advance(23 * hour);
    await expectWorks('backup', 'drill');
  });

  it('looks once an hour for clicks where nobody clicks', async () => {
    await expectWorks('backup', 'drill');
    const newest = { name: 'n', node: 'ams1', ageMs: hour, bytes: 9, storedBytes: 3 };
    answer = () => {
      const look = {
        newest: { ...newest, clicksAgeMs: hour },
        verified: { name: 'n', ageMs: 0, clicksAgeMs: 0 },
      };
      return { outcome: 'unchanged', tookMs: 5, sentBytes: 0, look };
    };
    clock.advance(hour);
    await vi.waitFor(() => expect(works[0]).toBe('backup'));
    works.length = 0;
    clock.advance(hour / 2);
    await settle();
    expect(works).not.toContain('backup');
    clock.advance(hour / 2);
    await vi.waitFor(() => expect(works).toContain('backup'));
  });

  it('goes on while it fails, ever more slowly, tells how long what changed is unsaved, and catches up', async () => {
    answer = fail;
    await expectWorks('backup');
    for (const wait of [1, 2, 4, 5, 5]) {
      clock.advance(wait * minute - 1);
      await expectWorks();
      clock.advance(1);
      await expectWorks('backup');
    }
    expect(loop.figures()).toMatchObject({
      unsavedMs: 17 * minute,
      isFailing: true,
      trouble: { work: 'backup', kind: 'unreachable', why: 'It is away.' },
      failures: { unreachable: 6 },
    });
    answer = succeed;
    clock.advance(5 * minute);
    await expectWorks('backup', 'drill');
    expect(loop.figures()).toMatchObject({ unsavedMs: 0, isFailing: false, trouble: undefined });
  });

  it('goes on making backups when one cannot be restored, and tries again', async () => {
    answer = (work) => (work === 'drill' ? fail() : succeed(work));
    await expectWorks('backup', 'drill');
    stamp = 'b';
    clock.advance(minute);
    await expectWorks('backup');
    expect(loop.figures().trouble?.work).toBe('drill');
    answer = succeed;
    clock.advance(30 * minute);
    await expectWorks('drill');
    expect(loop.figures().trouble).toBeUndefined();
  });

  it('what is written while a backup is made belongs to the next one', async () => {
    answer = (work) => {
      if (work === 'backup') stamp = 'written meanwhile';
      return succeed(work);
    };
    await expectWorks('backup', 'drill');
    clock.advance(minute);
    await expectWorks('backup');
  });

  it('leaves it to the node whose turn it is, learns from it, and takes over when that is gone', async () => {
    await expectWorks('backup', 'drill');
    const ages = { newestAgeMs: 5, clicksAgeMs: 5, verifiedAgeMs: 7, verifiedClicksAgeMs: 9 };
    nodes = [alone, { ...alone, node: 'syd1', role: 'replica', isCandidate: false, ages }];
    stamp = 'b';
    clock.advance(minute);
    await expectWorks();
    expect(loop.figures()).toMatchObject({ isOurTurn: false, ages: { newestAgeMs: 5 } });
    nodes = [alone];
    clock.advance(minute);
    await expectWorks('backup');
    expect(loop.figures().isOurTurn).toBe(true);
  });

  it('looks again after an interval when another node had made one just before', async () => {
    answer = (work) => ({ ...succeed(work), outcome: 'theirs' }) as BackupReport;
    await expectWorks('backup', 'drill');
    clock.advance(minute);
    await expectWorks('backup');
  });
});
