import { Refusal } from './refusal.ts';

/** What a person takes a code for. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EDQUOT: 'the quota of its disk is full',
  EEXIST: 'it is no folder',
  EISDIR: 'it is a folder',
  ENOENT: 'it is not there',
  ENOSPC: 'its disk is full',
  ENOTDIR: 'what should be a folder on the way there is none',
  EPERM: 'this user may not',
  EROFS: 'its disk can only be read',
};

/**
 * What a command says of a file, or a folder, that a person has named and it cannot `read` or `write`. What is no error of the system
 * is a defect, and thrown.
 */
export function fileRefusal(path: string, doing: 'read' | 'written', error: unknown): Refusal {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error;
  const code = String(error.code);
  const isFolderMissing = code === 'ENOENT' && doing === 'written';
  const why = isFolderMissing ? 'its folder is not there' : (reasons[code] ?? code);
  return new Refusal(`${path} cannot be ${doing}: ${why}`, { cause: error });
}
