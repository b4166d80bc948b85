import { describe, expect, it } from 'vitest';
import { createClickRecorder } from '../../src/clicks/click-recorder.ts';
import type { ClickJudge } from '../../src/clicks/facts/click-facts.ts';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import type { ClickRequest } from '../../src/domain/click-recorder.ts';
import type { Slug } from '../../src/domain/slug.ts';
import { noDetails } from '../support/sealed-batch.ts';
import { listOwn, openTestSpool, readWhole } from '../support/test-spool.ts';

const request: ClickRequest = { rawHeaders: [], socket: {} };

/** Uses the same facts for all; link 7 is only ever fetched ahead. */
const facts = { details: noDetails, isNewVisitor: false };
const judge: ClickJudge = {
  judge(_, linkId) {
    if (linkId === 7) return undefined;
    facts.isNewVisitor = linkId === 1;
    return facts;
  },
};

describe('a recorder', () => {
  it('keeps the clicks of a tick with what is known of their visitors, and unknown slugs', async () => {
    const { spool, clock } = await openTestSpool();
    const recorder = createClickRecorder({ judge, spool });
    recorder.add(1, request);
    recorder.addOrphan('none' as Slug);
    recorder.add(2, request);
    expect(recorder.append(clock.now())).toBeUndefined();
    await spool.seal();
    const { frames } = decodeBatch(await readWhole(spool, listOwn(spool)[0]));
    expect(frames).toMatchObject([
      {
        timeMs: clock.now(),
        clicks: [
          { linkId: 1, details: noDetails, isNewVisitor: true },
          { linkId: 2, details: noDetails, isNewVisitor: false },
        ],
        orphans: 1,
        orphanSlugs: ['none'],
      },
    ]);
  });

  it('keeps nothing of a prefetch', async () => {
    const { spool, clock } = await openTestSpool();
    const recorder = createClickRecorder({ judge, spool });
    recorder.add(7, request);
    expect(recorder.append(clock.now())).toBeUndefined();
    expect(spool.readCounts().recorded).toBe(0);
    expect(spool.readGauges().bytes).toBe(0);
  });

  it('begins each tick anew, also after one that could not be kept', async () => {
    const { spool, disk, clock } = await openTestSpool();
    const recorder = createClickRecorder({ judge, spool });
    disk.capacity = 0;
    recorder.add(1, request);
    void recorder.append(clock.now());
    disk.capacity = 10_000_000;
    clock.advance(100);
    recorder.add(2, request);
    void recorder.append(clock.now());
    void recorder.append(clock.now());
    expect(spool.readCounts()).toMatchObject({ recorded: 1, dropped: { disk_full: 1 } });
  });

  it('gives a promise when clicks are to be on the disk before they are answered', async () => {
    const { spool, disk, clock } = await openTestSpool({ sync: 'tick' });
    const recorder = createClickRecorder({ judge, spool });
    recorder.add(1, request);
    await recorder.append(clock.now());
    const next = await openTestSpool({ disk: disk.losePower(() => 0) });
    await next.spool.seal();
    expect(listOwn(next.spool)).toMatchObject([{ clicks: 1 }]);
  });
});
