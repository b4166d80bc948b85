import { z } from 'zod';
import { isProducerId, type ProducerId } from '../../domain/click-cursor.ts';
import type { SpoolFiles } from './spool-files.ts';
import { temporaryName } from './spool-names.ts';

/** The version of the files of a folder. A release that writes another one begins with a new producer. */
const folderFormat = 1;
const identityName = 'producer.json';
/** An empty file, whose mark tells a folder from a copy of it. */
const markName = 'mark';

const producerId = z.string().refine(isProducerId);
const identitySchema = z.strictObject({
  format: z.literal(folderFormat),
  producer: producerId,
  generation: z.int().min(0),
  node: z.string(),
  mark: z.string(),
  takesOver: z
    .strictObject({
      producer: producerId,
      fromSeq: z.int().min(1),
      clicksBefore: z.int().min(0),
    })
    .optional(),
});
/** What every format has. */
const anyFormat = z.looseObject({ format: z.int(), generation: z.int().min(1) });

/** Who writes into a folder. A file in it, `producer.json`, says so. */
export interface ProducerIdentity {
  readonly producer: ProducerId;
  /** Counts the producers of a volume. Only the newest one may be written to. */
  readonly generation: number;
  readonly node: string;
  /** Of the file `mark` beside it, which no copy of the folder has. */
  readonly mark: string;
  /**
   * Every batch of `producer` from `fromSeq` on is issued again as this one's, with numbers from 1, and counts as its
   * own from the moment this is on the disk. `clicksBefore` are the clicks of `producer` before it.
   */
  readonly takesOver?:
    | { readonly producer: ProducerId; readonly fromSeq: number; readonly clicksBefore: number }
    | undefined;
}

/** `unreadable`: damaged, or missing. `unknown`: of a later release, with its format. */
export type FoundIdentity =
  | { readonly is: 'known'; readonly identity: ProducerIdentity; readonly isInPlace: boolean }
  | { readonly is: 'unknown'; readonly format: number; readonly generation: number }
  | { readonly is: 'unreadable' };

/** Who writes into a folder. `isInPlace` tells whether it is where it was made. Throws the system's errors. */
export function findIdentity(
  files: SpoolFiles,
  folder: string,
  names: ReadonlySet<string>,
): FoundIdentity {
  if (!names.has(identityName)) return { is: 'unreadable' };
  const json = parseJson(Buffer.from(files.readFile(folder, identityName)).toString());
  const known = identitySchema.safeParse(json);
  if (known.success && known.data.producer === folder) {
    const identity = known.data as ProducerIdentity;
    const isInPlace = names.has(markName) && files.findMark(folder, markName) === identity.mark;
    return { is: 'known', identity, isInPlace };
  }
  const unknown = anyFormat.safeParse(json);
  return unknown.success && unknown.data.format > folderFormat
    ? { is: 'unknown', ...unknown.data }
    : { is: 'unreadable' };
}

/** Makes a producer's folder. Once it resolves, a power cut cannot take it away. Rejects with the system's errors. */
export async function makeProducer(
  files: SpoolFiles,
  identity: Omit<ProducerIdentity, 'mark'>,
): Promise<ProducerIdentity> {
  const folder = identity.producer;
  files.makeFolder(folder);
  await files.writeFile(folder, markName, new Uint8Array());
  const marked = { ...identity, mark: files.findMark(folder, markName) };
  await writeIdentity(files, marked);
  // The next start may find it from here on, so there is no way back. A sync that fails is made up for by that of the
  // producer's first batch, before anybody sees it.
  await files.syncFolder(folder).catch(() => undefined);
  return marked;
}

/** Says of a folder with a damaged identity that nobody writes into it any more. Rejects with the system's errors. */
export async function disown(files: SpoolFiles, folder: ProducerId): Promise<void> {
  const nobody = { producer: folder, generation: 0, node: '', mark: '' };
  await writeIdentity(files, nobody);
}

async function writeIdentity(files: SpoolFiles, identity: ProducerIdentity): Promise<void> {
  const json = `${JSON.stringify({ format: folderFormat, ...identity }, null, 2)}\n`;
  const temporary = temporaryName(identityName);
  await files.writeFile(identity.producer, temporary, Buffer.from(json));
  files.rename(identity.producer, temporary, identityName);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
