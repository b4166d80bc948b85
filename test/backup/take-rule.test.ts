import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/backup/manifest.ts';
import {
  decideTake,
  isBehind,
  type NewestBackup,
  type TakeDecision,
} from '../../src/backup/take-rule.ts';
import { positionAt } from '../support/fake-mount.ts';

const hour = 3_600_000;
const nowMs = 100 * hour;
const newest: NewestBackup = {
  node: 'ams1',
  isOfCluster: true,
  takenAtMs: nowMs - 60_000,
  canCarryOver: true,
  links: positionAt(7),
  clicks: { takenAtMs: nowMs - 60_000, position: positionAt(9) },
};
const given = {
  node: 'ams1',
  nowMs,
  intervalMs: 60_000,
  clicksIntervalMs: hour,
  newest,
  links: positionAt(7),
  clicks: positionAt(10),
};
const old = { takenAtMs: nowMs - hour, position: positionAt(9) };
const both: TakeDecision = { is: 'take', databases: ['clicks', 'links'] };
const linksAlone: TakeDecision = { is: 'take', databases: ['links'] };

describe('what a node does after a look into the bucket', () => {
  it.each<[string, Partial<Parameters<typeof decideTake>[0]>, TakeDecision]>([
    ['the bucket is empty', { newest: undefined }, both],
    ['it has all of the links', {}, { is: 'unchanged' }],
    ['the links went on', { links: positionAt(8) }, linksAlone],
    ['the same txid in another history', { links: positionAt(7, 8) }, linksAlone],
    ['clicks went on, and are due', { newest: { ...newest, clicks: old } }, both],
    [
      'clicks are due and did not go on',
      { newest: { ...newest, clicks: old }, clicks: positionAt(9) },
      { is: 'unchanged' },
    ],
    [
      'it is of an earlier key, and nothing went on',
      { newest: { ...newest, canCarryOver: false }, clicks: positionAt(9) },
      both,
    ],
    ['it has no clicks yet', { newest: { ...newest, clicks: undefined } }, both],
    [
      'another node was there a moment ago',
      { node: 'syd1', links: positionAt(8), newest: { ...newest, takenAtMs: nowMs - 44_999 } },
      { is: 'theirs', node: 'ams1', ageMs: 44_999 },
    ],
    [
      'another node was there an interval ago',
      { node: 'syd1', links: positionAt(8), newest: { ...newest, takenAtMs: nowMs - 45_000 } },
      linksAlone,
    ],
    [
      'another fleet was there a moment ago, with the same bucket',
      {
        node: 'syd1',
        links: positionAt(8),
        newest: { ...newest, isOfCluster: false, takenAtMs: nowMs - 1 },
      },
      linksAlone,
    ],
    [
      'it was there itself, a moment ago',
      { links: positionAt(8), newest: { ...newest, takenAtMs: nowMs - 1 } },
      linksAlone,
    ],
    [
      'another node was there when the clock was ahead',
      {
        node: 'syd1',
        newest: {
          ...newest,
          canCarryOver: false,
          takenAtMs: nowMs + 30 * 24 * hour,
          clicks: { takenAtMs: nowMs + 30 * 24 * hour, position: positionAt(9) },
        },
      },
      both,
    ],
    [
      'clicks went on since the clock was ahead',
      { newest: { ...newest, clicks: { ...old, takenAtMs: nowMs + hour } } },
      both,
    ],
    [
      'another node was there in the second that the clock tells next',
      { node: 'syd1', links: positionAt(8), newest: { ...newest, takenAtMs: nowMs + 999 } },
      { is: 'theirs', node: 'ams1', ageMs: 0 },
    ],
    [
      'alone nothing tells whether something changed',
      { links: undefined, newest: { ...newest, links: null } },
      linksAlone,
    ],
    [
      'alone no other node is waited for',
      { node: 'syd1', links: undefined, newest: { ...newest, takenAtMs: nowMs - 1, links: null } },
      linksAlone,
    ],
    [
      'a fleet goes on with the bucket of a machine',
      { newest: { ...newest, links: null } },
      linksAlone,
    ],
  ])('%s', (_, change, expected) => {
    expect(decideTake({ ...given, ...change })).toEqual(expected);
  });
});

describe('a copy of the links', () => {
  const behind = (epoch: number | null, txid: number | undefined, theirs: number | undefined) =>
    isBehind(
      {
        position: txid === undefined ? null : positionAt(txid),
        facts: { epoch, origin: null, schema: '', counts: {}, contentHash: '' },
      },
      {
        epoch: 7,
        databases: {
          links: { position: theirs === undefined ? null : positionAt(theirs) },
        } as Manifest['databases'],
      },
    );

  it.each([
    ['of an earlier transaction', 7, 10, 5000, true],
    ['of an earlier epoch, whatever its transaction', 6, 9000, 5000, true],
    ['of the same transaction', 7, 5000, 5000, false],
    ['of a later epoch, after a failover that lost some', 8, 10, 5000, false],
    ['of a machine alone', 7, undefined, 5000, false],
    ['beside a backup of a machine alone', 7, 10, undefined, false],
    ['that keeps no epochs', null, 10, 5000, false],
  ])('%s (%s, %s) is behind a backup of (7, %s): %s', (_, epoch, txid, theirs, expected) => {
    expect(behind(epoch, txid, theirs)).toBe(expected);
  });
});
