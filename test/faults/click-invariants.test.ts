import { boundedPowerLoss } from '../../scripts/faults/check/clicks/bounded-power-loss.ts';
import { countingCostsNothing } from '../../scripts/faults/check/clicks/counting-costs-nothing.ts';
import { destroyedVolume } from '../../scripts/faults/check/clicks/destroyed-volume.ts';
import { exactOverClone } from '../../scripts/faults/check/clicks/exact-over-clone.ts';
import { exactOverFailover } from '../../scripts/faults/check/clicks/exact-over-failover.ts';
import { exactOverRestore } from '../../scripts/faults/check/clicks/exact-over-restore.ts';
import { gapIsRefused } from '../../scripts/faults/check/clicks/gap-is-refused.ts';
import { noDoubleCount } from '../../scripts/faults/check/clicks/no-double-count.ts';
import { noLostClick } from '../../scripts/faults/check/clicks/no-lost-click.ts';
import { noPhantomClicks } from '../../scripts/faults/check/clicks/no-phantom-clicks.ts';
import { toldDrops } from '../../scripts/faults/check/clicks/told-drops.ts';
import type { HistoryRecord } from '../../scripts/faults/history.ts';
import {
  changeFinal,
  destination,
  event,
  fault,
  finals,
  follow,
  operation,
  write,
} from '../support/fault-history.ts';
import { testInvariant } from '../support/invariant-cases.ts';

const made = write('create', 'a', 10);

/** What is counted in the end of the link `a`. */
function counted(n: number, byRequest?: Record<string, number>): HistoryRecord[] {
  return finals(
    { a: destination('a') },
    { clicks: { total: n, bySlug: { a: n }, ...(byRequest && { byRequest }) } },
  );
}

const unanswered = (at: number) => {
  const { status: _, value: __, ...hit } = follow('a', at);
  return { ...hit, type: 'unknown' as const };
};

testInvariant({
  invariant: noDoubleCount,
  holds: {
    'each hit is counted once': [made, follow('a', 20), follow('a', 30), ...counted(2)],
    'a hit without an answer is counted': [made, follow('a', 20), unanswered(30), ...counted(2)],
    'a link that was made anew is not judged by its new clicks': [
      made,
      write('delete', 'a', 15),
      write('recreate', 'a', 17),
      follow('a', 20),
      ...counted(1),
      write('create', 'b', 10),
      follow('b', 20, destination('b')),
      ...finals({ b: destination('b') }, { clicks: { total: 2, bySlug: { b: 1 } } }),
    ],
  },
  breaks: {
    'a click too many': ['1 clicks more than hits', made, follow('a', 20), ...counted(2)],
    'a total that is too high': [
      'All links together',
      made,
      follow('a', 20),
      ...finals({ a: destination('a') }, { clicks: { total: 2, bySlug: { a: 1 } } }),
    ],
    'a hit that is counted twice while another one is missing': [
      'One hit is counted 2 times',
      made,
      follow('a', 20, destination('a'), { requestId: 'r1' }),
      follow('a', 30, destination('a'), { requestId: 'r2' }),
      ...counted(2, { r1: 2 }),
    ],
  },
});

testInvariant({
  invariant: noPhantomClicks,
  holds: {
    'clicks of links that were hit': [made, follow('a', 20), ...counted(1)],
    'what was shown had been sent': [
      made,
      follow('a', 20),
      operation('stats', 30, { key: 'a', value: 1 }),
    ],
  },
  breaks: {
    'clicks of a link that nobody hit': ['nobody hit it', made, ...counted(1)],
    'clicks for a 404': ['nobody hit it', made, follow('a', 5, null), ...counted(1)],
    'a hit that nobody sent': [
      'nobody sent',
      made,
      follow('a', 20, destination('a'), { requestId: 'r1' }),
      ...counted(1, { r2: 1 }),
    ],
    'a count that comes before the hit': [
      'when 0 hits had been sent',
      made,
      operation('stats', 15, { key: 'a', value: 1 }),
      follow('a', 20),
    ],
  },
});

testInvariant({
  invariant: noLostClick,
  holds: {
    'all are counted': [made, follow('a', 20), ...counted(1)],
    'a hit without an answer is not counted': [
      made,
      follow('a', 20),
      unanswered(30),
      ...counted(1),
    ],
    'the power went a moment later': [
      made,
      follow('a', 900),
      ...fault('power-loss', 1_000, 5_000, { targets: ['iad1'] }),
      ...counted(0),
    ],
    'the volume was destroyed': [
      made,
      follow('a', 900),
      ...fault('volume-wiped', 60_000, 90_000, { targets: ['iad1'] }),
      ...counted(0),
    ],
    'the disk was full': [
      made,
      follow('a', 900),
      ...fault('disk-full-spool', 800, 1_000, { targets: ['iad1'] }),
      ...counted(0),
    ],
  },
  breaks: {
    'a click that is missing': [
      'lacks 1 of 2',
      made,
      follow('a', 20),
      follow('a', 30),
      ...counted(1),
    ],
    'a click that is missing on a node': [
      'lacks 1 of 1',
      made,
      follow('a', 20),
      ...changeFinal(counted(1), 'iad1', { clicks: { total: 0, bySlug: {} } }),
    ],
    'a click that is missing after a kill': [
      'lacks 1 of 1',
      made,
      follow('a', 900),
      ...fault('kill-9', 1_000, 5_000, { targets: ['iad1'] }),
      ...counted(0),
    ],
    'more missing than the power cut explains': [
      'lacks 1 of 2',
      made,
      follow('a', 500),
      follow('a', 900),
      ...fault('power-loss', 1_000, 5_000, { targets: ['iad1'] }),
      ...counted(0),
    ],
    'a click of another node than the one whose power went': [
      'lacks 1 of 1',
      made,
      follow('a', 900),
      ...fault('power-loss', 1_000, 5_000, { targets: ['ams1'] }),
      ...counted(0),
    ],
  },
});

const cut = fault('power-loss', 1_000, 5_000, { targets: ['iad1'] });

testInvariant({
  invariant: boundedPowerLoss,
  holds: {
    'the last moment is lost': [made, follow('a', 500), follow('a', 900), ...cut, ...counted(1)],
    'nothing is lost': [made, follow('a', 500), ...cut, ...counted(1)],
  },
  breaks: {
    'a click older than the last sync': [
      'lacks 1 of 1',
      made,
      follow('a', 500),
      ...cut,
      ...counted(0),
    ],
  },
});

const wiped = (clicks: number, at: number) =>
  fault('volume-wiped', 1_000, 5_000, { targets: ['iad1'], unconfirmed: { clicks, at } });

testInvariant({
  invariant: destroyedVolume,
  holds: {
    'as many are lost as were told': [made, follow('a', 500), ...wiped(1, 600), ...counted(0)],
    'and those that came since': [
      made,
      follow('a', 500),
      follow('a', 700),
      ...wiped(1, 600),
      ...counted(0),
    ],
    'none is lost': [made, follow('a', 500), ...wiped(1, 600), ...counted(1)],
  },
  breaks: {
    'more lost than told': [
      '2 clicks are lost with the volume',
      made,
      follow('a', 400),
      follow('a', 500),
      ...wiped(1, 600),
      ...counted(0),
    ],
  },
});

const failover = fault('kill-9', 1_000, 5_000, { losesPrimary: true });
const restored = fault('clicks-restored', 1_000, 5_000);

testInvariant({
  invariant: exactOverFailover,
  holds: {
    'hits around a failover are counted': [made, follow('a', 900), ...failover, ...counted(1)],
    'counts rise': [
      made,
      follow('a', 20),
      operation('stats', 30, { key: 'a', value: 0, via: 'iad1', epoch: 1 }),
      operation('stats', 40, { key: 'a', value: 1, via: 'iad1', epoch: 1 }),
    ],
    'counts fall with another epoch': [
      made,
      follow('a', 20),
      operation('stats', 30, { key: 'a', value: 1, via: 'iad1', epoch: 1 }),
      operation('stats', 40, { key: 'a', value: 0, via: 'iad1', epoch: 2 }),
      operation('stats', 50, { key: 'a', value: 1, via: 'iad1', epoch: 2 }),
    ],
    'counts fall because they are taken back': [
      made,
      follow('a', 20),
      operation('stats', 30, { key: 'a', value: 1, via: 'iad1', epoch: 1 }),
      ...restored,
      operation('stats', 3_000, { key: 'a', value: 0, via: 'iad1', epoch: 1 }),
      operation('stats', 6_000, { key: 'a', value: 1, via: 'iad1', epoch: 1 }),
      operation('stats', 6_500, { key: 'a', value: 1, via: 'iad1', epoch: 1 }),
    ],
  },
  breaks: {
    'a click that is lost': ['lacks 1 of 1', made, follow('a', 900), ...failover, ...counted(0)],
    'a click that is counted twice': [
      '1 clicks more',
      made,
      follow('a', 900),
      ...failover,
      ...counted(2),
    ],
    'a count that falls within an epoch': [
      'fell within epoch 1',
      made,
      follow('a', 20),
      operation('stats', 30, { key: 'a', value: 1, via: 'iad1', epoch: 1 }),
      operation('stats', 40, { key: 'a', value: 0, via: 'iad1', epoch: 1 }),
    ],
    'a count that falls once more, after they were taken back': [
      'fell within epoch 1',
      made,
      follow('a', 20),
      ...restored,
      operation('stats', 6_000, { key: 'a', value: 1, via: 'iad1', epoch: 1 }),
      operation('stats', 6_010, { key: 'a', value: 0, via: 'iad1', epoch: 1 }),
    ],
    'nodes that count differently': [
      'different counts',
      made,
      follow('a', 900),
      ...changeFinal(counted(1), 'iad1', { clicks: { total: 1, bySlug: {} } }),
    ],
  },
});

testInvariant({
  invariant: exactOverRestore,
  holds: { 'all are counted again': [made, follow('a', 500), ...restored, ...counted(1)] },
  breaks: {
    'a click that is lost': ['lacks 1 of 1', made, follow('a', 500), ...restored, ...counted(0)],
    'a click that is counted twice': [
      '1 clicks more',
      made,
      follow('a', 500),
      ...restored,
      ...counted(2),
    ],
  },
});

const cloned = fault('spool-cloned', 1_000, 5_000, { targets: ['iad1'] });

testInvariant({
  invariant: exactOverClone,
  holds: {
    'what both spools have is counted once': [made, follow('a', 900), ...cloned, ...counted(1)],
  },
  breaks: {
    'what both spools have is counted twice': [
      '1 clicks more',
      made,
      follow('a', 900),
      ...cloned,
      ...counted(2),
    ],
    'a click that the copy hides': [
      'lacks 1 of 1',
      made,
      follow('a', 900),
      ...cloned,
      ...counted(0),
    ],
  },
});

const ship = { arg: { seq: 3, expectedSeq: 1 }, status: 409, type: 'fail', value: 1 } as const;

testInvariant({
  invariant: gapIsRefused,
  holds: { 'the refusal names the next one': [operation('ship', 10, ship)] },
  breaks: {
    'a gap that is taken': [
      'instead of 409',
      operation('ship', 10, { ...ship, status: 200, type: 'ok' }),
    ],
    'a refusal that expects something else': [
      'expects 3',
      operation('ship', 10, { ...ship, value: 3 }),
    ],
  },
});

const full = fault('disk-full-spool', 1_000, 2_000, { targets: ['iad1'] });
const told = (dropped: number) =>
  event('clickCounters', 2_100, {
    node: 'iad1',
    startedAt: 1,
    unconfirmed: 0,
    dropped,
    lost: 0,
    conflicts: 0,
  });

testInvariant({
  invariant: toldDrops,
  holds: {
    'as many are missing as were told': [
      made,
      follow('a', 1_500),
      follow('a', 1_600),
      ...full,
      told(1),
      ...counted(1),
    ],
    'what is missing was lost with a volume': [
      made,
      follow('a', 1_500),
      ...full,
      told(0),
      ...wiped(1, 2_000).map((record) => ({ ...record, at: record.at + 3_000 })),
      ...counted(0),
    ],
  },
  breaks: {
    'a redirect that fails': [
      'did not redirect',
      made,
      follow('a', 1_500, null, { type: 'fail', status: 503 }),
      ...full,
      told(0),
    ],
    'a click that is dropped without a word': [
      '1 clicks were dropped, and 0 told',
      made,
      follow('a', 1_500),
      ...full,
      told(0),
      ...counted(0),
    ],
    'more told than missing': [
      '2 clicks were told',
      made,
      follow('a', 1_500),
      ...full,
      told(2),
      ...counted(0),
    ],
  },
});

const redirects = (from: number, tookMs: number) =>
  Array.from({ length: 500 }, (_, index) =>
    follow('a', from + index, destination('a'), { returnedAt: from + index + tookMs }),
  );
const stopped = fault('shipping-stopped', 5_000, 6_000);

testInvariant({
  invariant: countingCostsNothing,
  holds: {
    'redirects are as fast as before': [...redirects(0, 2), ...stopped, ...redirects(6_000, 3)],
  },
  breaks: {
    'redirects that are slow while a backlog is counted': [
      'rose from 2.0 to 40.0 ms',
      ...redirects(0, 2),
      ...stopped,
      ...redirects(6_000, 40),
    ],
  },
});
