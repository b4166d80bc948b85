const hourMs = 3_600_000;

/**
 * A pruner removes only what was stored so long ago, by the clock of the bucket. Whatever it does not know of yet is younger: an
 * uploader is done within `packingBoundMs`.
 *
 * What an uploader relies on without sending it are parts of the newest two backups. They stay, because every backup of the
 * newest 25 hours that have one does (`retention.ts`), and within `packingBoundMs` there are no 25 more.
 */
export const settledAfterMs = 24 * hourMs;

/** A backup that takes longer is not finished. */
export const packingBoundMs = 6 * hourMs;
