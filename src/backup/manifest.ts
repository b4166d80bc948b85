import { z } from 'zod';
import { SnapshotFault } from './snapshot-fault.ts';

/**
 * The format of backups that this release writes, and the newest that it reads. Fields may be added within a format, since
 * who does not know them leaves them alone; anything that an old reader would get wrong needs a new number.
 */
export const backupFormat = 1;

/** Bytes of a database file that lie in one part; the last part of a file may be shorter. */
export const partBytes = 1024 * 1024;

/** Enough for a part that cannot be compressed, encrypted. */
const maxStoredBytes = partBytes + 64 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime({ precision: 3 });

const part = z.object({
  /** The object `parts/<name>`: what names the content, and what no other upload has. */
  name: z.string().regex(/^[0-9a-f]{32,128}-[0-9a-f]{16}$/),
  bytes: z.int().min(1).max(partBytes),
  storedBytes: z.int().min(1).max(maxStoredBytes),
  /** Of the object as it is stored, so that nothing is unpacked that was not written so. */
  sha256,
});

const database = z.object({
  /** When it was copied, by the clock of the bucket. */
  takenAt: time,
  /** How far it was on LiteFS; `null` from a machine alone. */
  position: z
    .object({
      txid: z.string().regex(/^[0-9a-f]{16}$/),
      checksum: z.string().regex(/^[0-9a-f]{16}$/),
    })
    .nullable(),
  /** The newest migration that it has. */
  schema: z.string().min(1).max(200),
  bytes: z.int().min(1),
  /** Of the whole file. */
  sha256,
  counts: z.record(z.string(), z.int().min(0)),
  /** Over schema and rows: the same for every file that holds the same. */
  contentHash: sha256,
  /** Whether the parts are. */
  encrypted: z.boolean(),
  parts: z.array(part).readonly(),
});

const manifest = z.object({
  kind: z.enum(['backup', 'file']),
  format: z.literal(backupFormat),
  /** Tells apart what one node takes in one millisecond: 8 hex digits. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /** When the newest of its databases was copied, by the clock of the bucket, and later than that of the backup before. */
  takenAt: time,
  node: z.string().min(1).max(200),
  /** Version of Hoplite that made it. */
  release: z.string().min(1).max(100),
  /** LiteFS's id of the fleet; `null` from a machine alone. */
  clusterId: z.string().min(1).max(100).nullable(),
  /** Whose links these are; left out where nobody has begun an epoch of them. */
  origin: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  /** Of the links. */
  epoch: z.int().min(0),
  databases: z.object({ links: database, clicks: database.nullable() }),
});

/**
 * What a backup is: which parts make which files, and what these hold. `kind` is `backup` in a bucket. In the one file of
 * `hoplite backup now --to` it is `file`, where the links have no parts, because they are the file itself.
 */
export type Manifest = Readonly<z.output<typeof manifest>>;
/** A database in a manifest. */
export type DatabaseManifest = Readonly<z.output<typeof database>>;
/** A part of a database file. */
export type PartManifest = Readonly<z.output<typeof part>>;

/**
 * Parses the content of a signed manifest. Throws a `SnapshotFault` that names it by `title`: `newer` for a format that this
 * release does not know, `damaged` for everything else that is no manifest.
 */
export function parseManifest(content: unknown, title: string, release: string): Manifest {
  const format = z.object({ format: z.int().min(1), release: z.string() }).safeParse(content);
  if (format.success && format.data.format > backupFormat) {
    throw new SnapshotFault(
      'newer',
      `${title} was made by Hoplite ${format.data.release}, in format ${format.data.format}; this is ${release}, which knows up to format ${backupFormat}. Restore it with that release or a newer one`,
    );
  }
  const parsed = manifest.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new SnapshotFault(
      'damaged',
      `${title} is no manifest: ${issue?.path.join('.') || 'it'}: ${issue?.message}`,
    );
  }
  return parsed.data;
}
