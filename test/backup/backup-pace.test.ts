import { describe, expect, it } from 'vitest';
import { type BackupPaceState, type BackupWork, findWork } from '../../src/backup/backup-pace.ts';

const hour = 3_600_000;
const quiet: BackupPaceState = {
  nowMs: 100 * hour,
  intervalMs: 60_000,
  clicksIntervalMs: hour,
  lookedAtMs: 100 * hour - 60_000,
  failedAtMs: undefined,
  failuresInRow: 0,
  isChanged: false,
  clicksAgeMs: 0,
  clicksSameAtMs: undefined,
  hasBackup: true,
  verifiedAgeMs: hour,
  drillTriedAtMs: undefined,
};
const ago = (ms: number) => quiet.nowMs - ms;

describe('when backups are made', () => {
  it.each<[string, Partial<BackupPaceState>, BackupWork | undefined]>([
    ['nothing changed', {}, undefined],
    ['something changed', { isChanged: true }, 'backup'],
    [
      'changed, and an interval has not gone by',
      { isChanged: true, lookedAtMs: ago(59_999) },
      undefined,
    ],
    ['the first time', { isChanged: true, lookedAtMs: undefined, hasBackup: false }, 'backup'],
    ['clicks are an hour old', { clicksAgeMs: hour }, 'backup'],
    ['clicks are not an hour old', { clicksAgeMs: hour - 1 }, undefined],
    [
      'clicks are an hour old, and were the same a moment ago',
      { clicksAgeMs: hour, clicksSameAtMs: ago(hour - 1) },
      undefined,
    ],
    ['and an hour ago', { clicksAgeMs: 2 * hour, clicksSameAtMs: ago(hour) }, 'backup'],
    ['nothing is known of clicks', { clicksAgeMs: undefined }, 'backup'],
    ['a day since the last drill', { verifiedAgeMs: 24 * hour }, 'drill'],
    ['less than a day since it', { verifiedAgeMs: 24 * hour - 1 }, undefined],
    ['never verified', { verifiedAgeMs: undefined }, 'drill'],
    [
      'never verified, and nothing there',
      { verifiedAgeMs: undefined, hasBackup: false },
      undefined,
    ],
    ['a backup comes before a drill', { isChanged: true, verifiedAgeMs: undefined }, 'backup'],
    [
      'a drill does not wait for the interval',
      { isChanged: true, lookedAtMs: ago(1), verifiedAgeMs: undefined },
      'drill',
    ],
    [
      'a drill that failed is not tried again soon',
      { verifiedAgeMs: undefined, drillTriedAtMs: ago(hour / 2 - 1) },
      undefined,
    ],
    [
      'but it is after half an hour',
      { verifiedAgeMs: undefined, drillTriedAtMs: ago(hour / 2) },
      'drill',
    ],
    [
      'after one failure the interval is waited for',
      { isChanged: true, failuresInRow: 1, failedAtMs: ago(59_999) },
      undefined,
    ],
    [
      'and then it is tried again',
      { isChanged: true, failuresInRow: 1, failedAtMs: ago(60_000) },
      'backup',
    ],
    [
      'after three it is four times as long',
      { isChanged: true, failuresInRow: 3, failedAtMs: ago(239_999) },
      undefined,
    ],
    [
      'never longer than five minutes',
      { isChanged: true, failuresInRow: 30, failedAtMs: ago(300_000) },
      'backup',
    ],
    [
      'or the interval, where that is longer',
      {
        isChanged: true,
        intervalMs: hour,
        lookedAtMs: 0,
        failuresInRow: 30,
        failedAtMs: ago(hour - 1),
      },
      undefined,
    ],
  ])('%s', (_, given, expected) => {
    expect(findWork({ ...quiet, ...given })).toBe(expected);
  });
});
