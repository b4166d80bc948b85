import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { DatabaseName } from '../../domain/database-name.ts';
import type { RestoreFile } from '../../domain/restore.ts';
import { sizeOfFiles } from '../../storage/file-sizes.ts';
import type { AskApi } from '../ask-api.ts';

/** As the private port takes them. */
const pieceBytes = 2 ** 20;

const target = z.object({ name: z.string(), node: z.string(), epoch: z.int() });
const restored = z.object({
  epoch: z.int(),
  heldMs: z.number(),
  clicksKept: z.string().nullable(),
  before: z.string(),
});

/** What a running node or fleet says of itself. */
export type Target = z.output<typeof target>;
/** How a restore into it went. */
export type Outcome = z.output<typeof restored>;

/** Asks who would be restored into. Rejects with a `Refusal` where nobody takes writes. */
export function askTarget(ask: AskApi): Promise<Target> {
  return ask({ method: 'GET', path: '/restore' }, target);
}

/** Has the primary put files in place of its databases. Rejects with a `Refusal` in the words of the node. */
export async function restoreInto(
  ask: AskApi,
  order: {
    readonly epoch: number;
    readonly files: Readonly<{ links: string; clicks?: string | undefined }>;
  },
): Promise<Outcome> {
  const { epoch, files } = order;
  const paths = [files.links, ...(files.clicks === undefined ? [] : [files.clicks])];
  const totalBytes = sizeOfFiles(...paths);
  const links = await sendFile(ask, 'links', files.links, totalBytes);
  const clicks =
    files.clicks === undefined ? undefined : await sendFile(ask, 'clicks', files.clicks);
  return ask({ method: 'POST', path: '/restore', body: { epoch, links, clicks } }, restored);
}

/** Sends a file in pieces; gives what is to be announced of it. The first one says how much all files are together. */
export async function sendFile(
  ask: AskApi,
  database: DatabaseName,
  path: string,
  totalBytes?: number,
): Promise<RestoreFile> {
  await using file = await open(path);
  const hash = createHash('sha256');
  let at = 0;
  for (;;) {
    const piece = Buffer.alloc(pieceBytes);
    const { bytesRead } = await file.read(piece, 0, pieceBytes, at);
    if (bytesRead === 0) return { bytes: at, sha256: hash.digest('hex') };
    const bytes = piece.subarray(0, bytesRead);
    hash.update(bytes);
    const total = at === 0 && totalBytes !== undefined ? `&total=${totalBytes}` : '';
    await ask(
      { method: 'POST', path: `/restore/files/${database}?at=${at}${total}`, bytes },
      z.object({ bytes: z.int() }),
    );
    at += bytesRead;
  }
}
