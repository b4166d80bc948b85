import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

/**
 * Has LiteFS put a file in place of a database, as one transaction that is replicated like any other. Only on the primary.
 * Resolves to LiteFS's own words when it refuses, after the status. Rejects when there is no answer: then it may be done or
 * not, and the position tells.
 *
 * NOTE: LiteFS looks at nothing but the header, and takes files in WAL mode too. It sets the schema cookie to 0, whatever
 * was there: see `renewSchemaCookie`.
 */
export async function importIntoLiteFs(
  litefsUrl: string,
  name: string,
  file: string,
): Promise<string | undefined> {
  const answer = await fetch(`${litefsUrl}/import?name=${name}`, {
    method: 'POST',
    body: Readable.toWeb(createReadStream(file)) as ReadableStream,
    duplex: 'half',
  });
  const text = await answer.text();
  return answer.ok ? undefined : `${answer.status} ${text.trim()}`;
}
