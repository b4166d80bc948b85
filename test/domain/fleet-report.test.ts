import { describe, expect, test } from 'vitest';
import { type FleetNode, type NodeReport, summarizeFleet } from '../../src/domain/fleet-report.ts';

function makeReport(given: Partial<NodeReport> = {}): NodeReport {
  return {
    node: 'syd1',
    region: 'syd',
    role: 'replica',
    primary: 'ams1',
    position: { txid: '00000000000000aa', checksum: '8000000000000000' },
    lagMs: 12,
    epoch: 3,
    schema: 2,
    durability: null,
    otherCandidate: null,
    lease: { holder: 'ams1', isOurs: false, renewedMsAgo: null },
    guard: { isCandidate: false, candidates: ['ams1', 'ams2'], consulAnsweredMsAgo: 4, mark: null },
    clicks: { unconfirmed: 3, oldestMs: 900 },
    servesBackupOf: null,
    backup: null,
    version: '1.0.0',
    uptimeS: 60,
    ...given,
  };
}

const primary = makeReport({
  node: 'ams1',
  role: 'primary',
  primary: null,
  durability: 'replicated',
  otherCandidate: 'ams2',
  lease: { holder: 'ams1', isOurs: true, renewedMsAgo: 900 },
});
const candidate = makeReport({ node: 'ams2', region: 'ams' });
const answering = (...reports: readonly NodeReport[]): FleetNode[] =>
  reports.map((report) => ({ node: report.node, report }));
const fine = 'ams1 is the primary; ams2 has each write too.';

describe('the summary of a fleet', () => {
  test('of a node that shows a backup says so, and that it is as it should be', () => {
    const servesBackupOf = '2026-11-20T10:00:00.000Z';
    const report = makeReport({ role: 'detached', primary: null, servesBackupOf });
    expect(summarizeFleet(answering(report))).toEqual({
      isFine: true,
      sentences: [`syd1 serves the backup of ${servesBackupOf}, which can only be read.`],
    });
  });

  test('is one sentence when all is well', () => {
    expect(summarizeFleet(answering(primary, candidate, makeReport()))).toEqual({
      isFine: true,
      sentences: [fine],
    });
  });

  test('knows a node that runs alone', () => {
    const alone = makeReport({
      role: 'primary',
      durability: 'local',
      position: null,
      lease: null,
      guard: null,
    });
    expect(summarizeFleet(answering(alone))).toEqual({
      isFine: true,
      sentences: ['syd1 runs alone and takes writes.'],
    });
  });

  test.each<[sentence: string, nodes: readonly FleetNode[]]>([
    ['No node that answers is the primary: nothing can be written.', answering(candidate)],
    [
      'ams1 and ams2 each say that they are the primary.',
      answering(primary, { ...candidate, role: 'primary' }),
    ],
    [
      'ams1 is the primary and takes no writes now.',
      answering({ ...primary, durability: null }, candidate),
    ],
    [
      'ams1 is the primary; ams2 does not keep up, so writes are on one disk only.',
      answering({ ...primary, durability: 'local' }, candidate),
    ],
    [
      'ams1 is the primary; no other candidate is there, so writes are on one disk only.',
      answering({ ...primary, durability: 'local', otherCandidate: null }, candidate),
    ],
  ])('%s', (sentence, nodes) => {
    expect(summarizeFleet(nodes)).toEqual({ isFine: false, sentences: [sentence] });
  });

  test.each<[sentence: string, node: FleetNode]>([
    ['iad1 does not answer.', { node: 'iad1', report: null }],
    ['syd1 has no copy of the links yet.', ...answering(makeReport({ role: 'joining' }))],
    ['syd1 knows no primary.', ...answering(makeReport({ role: 'detached' }))],
    ['syd1 is 6 s behind.', ...answering(makeReport({ lagMs: 5_600 }))],
    [
      '9 clicks of syd1 are not counted since 2 min.',
      ...answering(makeReport({ clicks: { unconfirmed: 9, oldestMs: 125_000 } })),
    ],
    ['More than one release runs: 1.0.0, 1.1.0.', ...answering(makeReport({ version: '1.1.0' }))],
  ] as [string, FleetNode][])('says: %s', (sentence, node) => {
    expect(summarizeFleet([...answering(primary, candidate), node])).toEqual({
      isFine: false,
      sentences: [fine, sentence],
    });
  });

  const backup = {
    isOurTurn: true,
    isFailing: false,
    newestAgeMs: 60_000,
    clicksAgeMs: 60_000,
    verifiedAgeMs: 25 * 3_600_000,
    verifiedClicksAgeMs: 26 * 3_600_000,
    unsavedMs: 30_000,
    failure: null,
  };
  test.each<[readonly string[], Partial<NonNullable<NodeReport['backup']>>, uptimeS?: number]>([
    [[], {}],
    [
      ['Backups fail at syd1: The keys are wrong.'],
      { failure: { kind: 'denied', why: 'The keys are wrong.' } },
    ],
    [['What changed since 16 min is in no backup.'], { unsavedMs: 960_000 }],
    [[], { unsavedMs: 960_000, isOurTurn: false }],
    [['No backup was restored for a trial since 27 h.'], { verifiedAgeMs: 27 * 3_600_000 }],
    [[], { verifiedAgeMs: null }],
    [
      ['No backup has been restored for a trial yet, so nobody knows whether one is good.'],
      { verifiedAgeMs: null },
      3_601,
    ],
  ])('says of backups: %j', (expected, given, uptimeS = 60) => {
    const node = makeReport({ backup: { ...backup, ...given }, uptimeS });
    const { isFine, sentences } = summarizeFleet(answering(primary, candidate, node));
    expect(sentences).toEqual([fine, ...expected]);
    expect(isFine).toBe(expected.length === 0);
  });

  test('takes the youngest trial that any node knows of', () => {
    const old = { ...backup, verifiedAgeMs: 40 * 3_600_000 };
    const nodes = answering({ ...primary, backup: old }, candidate, makeReport({ backup }));
    expect(summarizeFleet(nodes)).toEqual({ isFine: true, sentences: [fine] });
  });

  test('says when nobody could take over', () => {
    const guard = { isCandidate: true, candidates: ['ams1'], consulAnsweredMsAgo: 4, mark: null };
    const { sentences } = summarizeFleet(answering({ ...primary, guard }, candidate));
    expect(sentences).toEqual([fine, 'Only one node may become primary.']);
  });
});
