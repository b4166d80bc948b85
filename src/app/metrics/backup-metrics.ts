import { Counter, Gauge, type Registry } from 'prom-client';
import type { BackupFigures } from '../../backup/backup-loop.ts';

/** Adds the numbers of the backups to a registry; those of a node that makes none have no values. */
export function registerBackupMetrics(
  registry: Registry,
  figures: () => BackupFigures | undefined,
): void {
  const registers = [registry];
  const gauge = (
    name: string,
    help: string,
    read: (figures: BackupFigures) => number | null | undefined,
  ) =>
    new Gauge({
      name: `hoplite_backup_${name}`,
      help,
      registers,
      collect() {
        const now = figures();
        const value = now && read(now);
        if (value === undefined || value === null) this.remove();
        else this.set(value);
      },
    });
  const counters = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (figures: BackupFigures) => readonly (readonly [Record<string, string>, number])[],
  ) =>
    new Counter({
      name: `hoplite_backup_${name}_total`,
      help,
      labelNames: [...labelNames],
      registers,
      collect() {
        this.reset();
        const now = figures();
        if (now === undefined) return;
        for (const [labels, value] of read(now)) this.inc(labels, value);
      },
    });
  const toSeconds = (ms: number | null | undefined) =>
    ms === null || ms === undefined ? undefined : ms / 1000;

  gauge('turn', '1 while this node is the one that makes the backups, 0 while another is.', (it) =>
    it.isOurTurn ? 1 : 0,
  );
  gauge('newest_age_seconds', 'Age of the newest backup, as far as this node knows.', (it) =>
    toSeconds(it.ages.newestAgeMs),
  );
  gauge('clicks_age_seconds', 'Age of the clicks in the newest backup.', (it) =>
    toSeconds(it.ages.clicksAgeMs),
  );
  gauge(
    'verified_age_seconds',
    'Time since a backup was last restored for a trial and found good.',
    (it) => toSeconds(it.ages.verifiedAgeMs),
  );
  gauge(
    'unsaved_age_seconds',
    'How long there are changes of the links that are in no backup; 0 when there are none. Where it is the turn of this node.',
    (it) => (it.isOurTurn ? toSeconds(it.unsavedMs) : undefined),
  );
  gauge('bytes', 'Size of the databases in the newest backup.', (it) => it.newest?.bytes);
  gauge(
    'stored_bytes',
    'What they take in the bucket, compressed; older backups share most of it.',
    (it) => it.newest?.storedBytes,
  );
  gauge('duration_seconds', 'How long the last look for changes and its backup took.', (it) =>
    toSeconds(it.lastMs.backup),
  );
  gauge('drill_duration_seconds', 'How long the last restore for a trial took.', (it) =>
    toSeconds(it.lastMs.drill),
  );
  counters('sent_bytes', 'Sent to the bucket.', [], (it) => [[{}, it.sentBytes]]);
  counters('runs', 'Runs by what was to be done, and what came of it.', ['work', 'outcome'], (it) =>
    Object.entries(it.runs).map(([key, count]) => {
      const [work = '', outcome = ''] = key.split(' ');
      return [{ work, outcome }, count] as const;
    }),
  );
  counters('failures', 'Runs that failed, by kind.', ['kind'], (it) =>
    Object.entries(it.failures).map(([kind, count]) => [{ kind }, count] as const),
  );
}
