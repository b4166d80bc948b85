/**
 * Why a backup is not used. `damaged`: it is not what somebody with the key wrote, in part or in whole. `newer`: it is sound,
 * and a newer release made it. `other_key`: whoever wrote it had a key that `BACKUP_KEY` does not hold, so nothing is known
 * of it. `other`: it is not for this place or time: of another cluster, or none of that time.
 */
export type SnapshotFaultKind = 'damaged' | 'newer' | 'other_key' | 'other';

/** A backup that must not be used, or must not be written. The message is a sentence for people, and names the backup. */
export class SnapshotFault extends Error {
  override readonly name = 'SnapshotFault';
  readonly kind: SnapshotFaultKind;
  /** The part that is damaged, where it is one: other backups that need it are damaged, too. */
  readonly part: string | undefined;

  constructor(
    kind: SnapshotFaultKind,
    message: string,
    { cause, part }: { readonly cause?: unknown; readonly part?: string } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.part = part;
  }
}
