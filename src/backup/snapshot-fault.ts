/**
 * Why a backup is not used. `damaged`: it is not what somebody with the key wrote, in part or in whole. `newer`: it is sound,
 * and a newer release made it. `other`: it is sound, and not for this place: of another cluster, or too late to be finished.
 */
export type SnapshotFaultKind = 'damaged' | 'newer' | 'other';

/** A backup that must not be used, or must not be written. The message is a sentence for people, and names the backup. */
export class SnapshotFault extends Error {
  override readonly name = 'SnapshotFault';
  readonly kind: SnapshotFaultKind;

  constructor(kind: SnapshotFaultKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}
