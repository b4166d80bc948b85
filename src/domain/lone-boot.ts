import { exitCodes } from './exit-codes.ts';

/** A database file of a machine alone: `empty` is one to which nobody has ever written. */
export type FileFacts =
  | { readonly is: 'absent' | 'empty' | 'full' }
  | { readonly is: 'damaged'; readonly why: string };

/** What a machine alone finds when it starts. */
export interface LoneFacts {
  readonly links: FileFacts;
  readonly clicks: FileFacts;
  /** Whether whole files of a restore wait to be put in place: one that broke off. */
  readonly awaitsRestore: boolean;
}

/** What the bucket says, in a sentence where what was asked for cannot be had, or not put here. */
export type LoneBackup =
  | { readonly is: 'not kept' | 'none' | 'good' }
  | { readonly is: 'all damaged' | 'no room' | 'unreachable'; readonly why: string };

/** What becomes of the folder before anything is opened or migrated. */
export type LoneDecision =
  | { readonly do: 'start' | 'finish restore' | 'ask for a backup' }
  | { readonly do: 'stop'; readonly exitCode: number; readonly sentence: string };

const stop = (exitCode: number, sentence: string): LoneDecision => ({
  do: 'stop',
  exitCode,
  sentence,
});

/**
 * Whether a machine alone may start on what it finds, or needs the backup first (docs/backup.md has the table). Links that
 * are there always win over it, and a file that may have held some is never replaced.
 */
export function judgeLoneFolder({ links, clicks, awaitsRestore }: LoneFacts): LoneDecision {
  for (const file of [links, clicks]) {
    if (file.is !== 'damaged') continue;
    return stop(
      exitCodes.damaged,
      `A database is damaged: ${file.why}. Nothing is restored over it. Move it away, with the files beside it, and start: what is missing then comes from the backup, where there is one.`,
    );
  }
  if (links.is === 'full') return { do: 'start' };
  return { do: awaitsRestore ? 'finish restore' : 'ask for a backup' };
}

/** What follows from the backup where a machine alone has no links and no node could have them. */
export function judgeLoneBackup(
  backup: LoneBackup,
  { clicks }: Pick<LoneFacts, 'clicks'>,
): LoneDecision | { readonly do: 'restore' } {
  switch (backup.is) {
    case 'good':
      return { do: 'restore' };
    case 'unreachable':
      return stop(
        exitCodes.tryAgain,
        `There are no links here, and whether there is a backup of them cannot be told: ${backup.why} Not starting empty. Mend that and start again, or start without BACKUP_URL where there never were links.`,
      );
    case 'no room':
      return stop(
        exitCodes.tryAgain,
        `There are no links here, and no room for the backup of them: ${backup.why} Not starting empty. Mend that and start again, or start without BACKUP_URL to give the backups up.`,
      );
    case 'all damaged':
      return stop(
        exitCodes.damaged,
        `There are no links here, and no backup can be restored: ${backup.why} Not starting empty. "hoplite backup list" shows them all; start without BACKUP_URL to give them up.`,
      );
    case 'none':
    case 'not kept':
      if (clicks.is !== 'full') return { do: 'start' };
      return stop(
        exitCodes.damaged,
        'There are clicks here (clicks.db) and no links (links.db), and no backup of these. Not starting empty. Put links.db back, or move clicks.db away to begin anew.',
      );
  }
}
