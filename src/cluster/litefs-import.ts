import { createReadStream } from 'node:fs';
import { request as sendNow } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/**
 * Has LiteFS put a file in place of a database, as one transaction that is replicated like any other, and waits for that
 * without limit. Only on the primary. Resolves to LiteFS's own words when it refuses, after the status. Rejects when there is
 * no answer: then it may be done or not, and the position tells.
 *
 * NOTE: LiteFS looks at nothing but the header, and takes files in WAL mode too. It sets the schema cookie to 0, whatever
 * was there: see `renewSchemaCookie`.
 */
export function importIntoLiteFs(
  litefsUrl: string,
  name: string,
  file: string,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    // NOTE: `fetch` gives up after 300 s without an answer. LiteFS goes on then, and the file would be put in place after all,
    // over what was written since.
    const request = sendNow(`${litefsUrl}/import?name=${name}`, { method: 'POST', agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      const { statusCode: status = 0 } = response;
      text(response).then((said) => {
        resolve(status >= 200 && status < 300 ? undefined : `${status} ${said.trim()}`);
      }, reject);
    });
    pipeline(createReadStream(file), request).catch(reject);
  });
}
