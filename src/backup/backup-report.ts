import { z } from 'zod';

const age = z.number().nonnegative();

/** What a bucket holds, as one look at it found. Ages are by the clock of the bucket, milliseconds. */
const bucketLook = z.object({
  newest: z
    .object({
      name: z.string(),
      node: z.string(),
      /** `null` where the clock was ahead when it was made. */
      ageMs: age.nullable(),
      /** Of the database files. */
      bytes: z.int(),
      /** Of the parts as they are stored; many of them belong to other backups too. */
      storedBytes: z.int(),
      /** `null` when it has none, and where the clock was ahead. */
      clicksAgeMs: age.nullable(),
    })
    .nullable(),
  /** The newest of which a trial has shown that it can be restored, at a time that is known. */
  verified: z
    .object({
      name: z.string(),
      /** Since the trial. */
      ageMs: age,
      clicksAgeMs: age.nullable(),
    })
    .nullable(),
});
export type BucketLook = Readonly<z.output<typeof bucketLook>>;

const failureKinds = [
  'unreachable',
  'denied',
  'no_bucket',
  'bucket_full',
  'answer',
  'disk_full',
  'copy',
  'damaged',
  'newer',
  'other_key',
  'other_cluster',
  'crashed',
  'internal',
] as const;
/** Why a backup or a trial of one came to nothing. */
export type BackupFailureKind = (typeof failureKinds)[number];

const backupReport = z.discriminatedUnion('outcome', [
  z.object({
    /**
     * `theirs`: another node had made one just before, or has made one meanwhile that has more. `nothing`: there is no backup
     * to try.
     */
    outcome: z.enum(['taken', 'unchanged', 'theirs', 'verified', 'nothing']),
    tookMs: z.int(),
    /** Sent to the bucket. */
    sentBytes: z.int(),
    look: bucketLook,
  }),
  z.object({
    outcome: z.literal('failed'),
    kind: z.enum(failureKinds),
    /** A sentence for people. */
    why: z.string(),
  }),
]);

/** What a run in a process of its own says of itself, as JSON. */
export type BackupReport = Readonly<z.output<typeof backupReport>>;

/** Reads a report; `undefined` when the text is none, as of a process that crashed. */
export function parseBackupReport(text: string): BackupReport | undefined {
  try {
    return backupReport.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
