import { BucketFailure, type BucketFailureKind } from './bucket.ts';

/** What the errors of files mean for a folder of backups, and what to do. */
const meanings: Readonly<Record<string, readonly [BucketFailureKind, (folder: string) => string]>> =
  {
    ENOENT: ['no_bucket', missing],
    ENOTDIR: ['no_bucket', (folder) => `${folder} or a part of it is no folder: mend BACKUP_URL.`],
    EACCES: ['denied', forbidden],
    EPERM: ['denied', forbidden],
    EROFS: ['denied', (folder) => `the disk of ${folder} can only be read: mount it for writing.`],
    ENOSPC: ['full', full],
    EDQUOT: ['full', full],
    EFBIG: ['full', full],
    EMFILE: ['unreachable', () => 'too many files are open: raise the limit (ulimit -n).'],
  };

/**
 * The failure that an error of `node:fs` means; anything else, such as an abort, is given back as it is.
 *
 * @param what what the folder cannot do, such as `be listed`
 */
export function toFolderFailure(error: unknown, what: string, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (!(error instanceof Error) || typeof code !== 'string') return error;
  // As `AbortError` has: only the system's errors have a number.
  if ((error as NodeJS.ErrnoException).errno === undefined) return error;
  const [kind, sentence] = meanings[code] ?? ['unreachable', broken];
  return new BucketFailure(
    kind,
    `The folder of backups cannot ${what}: ${sentence(folder)} (${code})`,
    { cause: error },
  );
}

function missing(folder: string): string {
  return `there is no ${folder}: make it, mount its disk, or mend BACKUP_URL.`;
}

function forbidden(folder: string): string {
  return `this process may not use ${folder}: give it to the user that Hoplite runs as, or mend BACKUP_URL.`;
}

function full(folder: string): string {
  return `the disk or the quota of ${folder} is full: make room, or let BACKUP_URL lead elsewhere.`;
}

function broken(folder: string): string {
  return `the disk of ${folder} does not answer as it should: look at the system's log.`;
}
