import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { registerBackupMetrics } from '../../src/app/metrics/backup-metrics.ts';
import type { BackupFigures } from '../../src/backup/backup-loop.ts';

const nothing: BackupFigures = {
  isOurTurn: false,
  ages: {
    newestAgeMs: null,
    clicksAgeMs: null,
    verifiedAgeMs: null,
    verifiedClicksAgeMs: null,
  },
  unsavedMs: 0,
  newest: null,
  trouble: undefined,
  isFailing: false,
  lastMs: {},
  runs: {},
  failures: {},
  sentBytes: 0,
};
const known: BackupFigures = {
  ...nothing,
  isOurTurn: true,
  ages: {
    newestAgeMs: 61_000,
    clicksAgeMs: 3_600_000,
    verifiedAgeMs: 93_600_500,
    verifiedClicksAgeMs: 97_200_000,
  },
  unsavedMs: 1_500,
  newest: {
    name: 'n',
    node: 'ams1',
    ageMs: 61_000,
    clicksAgeMs: 3_600_000,
    bytes: 148_000_000,
    storedBytes: 21_400_000,
  },
  lastMs: { backup: 19_700, drill: 4_200 },
  runs: { 'backup taken': 7, 'drill failed': 1 },
  failures: { denied: 2, bucket_full: 1 },
  sentBytes: 5_000,
};

/** The series that have a value, without their prefix. */
async function readSeries(figures: BackupFigures | undefined) {
  const registry = new Registry();
  registerBackupMetrics(registry, () => figures);
  const lines = (await registry.metrics()).matchAll(/^hoplite_backup_(\S+) (\S+)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
}

test('tell ages and times in seconds, sizes in bytes, and what came of each run', async () => {
  expect(await readSeries(known)).toEqual({
    turn: 1,
    newest_age_seconds: 61,
    clicks_age_seconds: 3_600,
    verified_age_seconds: 93_600.5,
    unsaved_age_seconds: 1.5,
    bytes: 148_000_000,
    stored_bytes: 21_400_000,
    duration_seconds: 19.7,
    drill_duration_seconds: 4.2,
    sent_bytes_total: 5_000,
    'runs_total{work="backup",outcome="taken"}': 7,
    'runs_total{work="drill",outcome="failed"}': 1,
    'failures_total{kind="denied"}': 2,
    'failures_total{kind="bucket_full"}': 1,
  });
});

test('have no value where nothing is known: an age of 0 would say that all is well', async () => {
  expect(await readSeries(nothing)).toEqual({ turn: 0, sent_bytes_total: 0 });
  expect(await readSeries(undefined)).toEqual({ sent_bytes_total: 0 });
});

test('are alarmed about as /status is, once no trial has succeeded for 26 hours', () => {
  const { groups } = parse(readFileSync(join(projectDir, 'docs/alerts.yml'), 'utf8')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rule = groups
    .flatMap(({ rules }) => rules)
    .find(({ alert }) => alert === 'HopliteBackupsUnverified');
  expect(rule?.expr).toContain(`min(hoplite_backup_verified_age_seconds) > ${26 * 3_600} or `);
});
