import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { expectRoom, NoRoom } from '../../backup/scratch-folder.ts';
import { Refusal } from '../refusal.ts';
import { describeSilence } from '../send-request.ts';

/** What is downloaded. */
export interface Download {
  readonly url: URL;
  /** Such as a signature. */
  readonly headers?: Headers;
}

/** How slow a server may be. */
export interface DownloadPatience {
  /** In each of these, milliseconds, */
  readonly everyMs: number;
  /** so many bytes have to come. */
  readonly leastBytes: number;
}

/** Silence ends a download, and so does what would take hours for each MiB. */
const usualPatience: DownloadPatience = { everyMs: 30_000, leastBytes: 65_536 };
const lookAtRoomEveryBytes = 16 * 2 ** 20;

/**
 * Gets what a web server has at a URL into a file. There has to be room for it twice, since it is unpacked beside it. Rejects with a `Refusal` when that is not all of it, and with `NoRoom`; both name no secret of the URL.
 */
export async function download(
  { url, headers = new Headers() }: Download,
  path: string,
  { everyMs, leastBytes }: DownloadPatience = usualPatience,
): Promise<void> {
  const name = `${url.origin}${url.pathname}`;
  const given = new AbortController();
  let bytes = 0;
  let bytesBefore = 0;
  const timer = setInterval(() => {
    if (bytes - bytesBefore < leastBytes) given.abort(tooSlow(bytes - bytesBefore, everyMs));
    bytesBefore = bytes;
  }, everyMs);
  try {
    const answer = await fetch(toPlain(url), {
      headers: withAccess(headers, url),
      signal: given.signal,
    });
    if (!answer.ok || answer.body === null) {
      throw new Refusal(`${name} is answered with ${answer.status}`);
    }
    const room = dirname(path);
    await expectRoom(room, 2 * Number(answer.headers.get('content-length') ?? 0));
    let lookAt = lookAtRoomEveryBytes;
    const body = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          if (bytes >= lookAt) {
            await expectRoom(room, bytes);
            lookAt = bytes + lookAtRoomEveryBytes;
          }
          yield chunk;
        }
      },
      createWriteStream(path, { mode: 0o600 }),
    );
  } catch (error) {
    await rm(path, { force: true });
    if (error instanceof Refusal || error instanceof NoRoom) throw error;
    const cause = given.signal.aborted ? given.signal.reason : error;
    throw new Refusal(`${name} cannot be had: ${describeSilence(cause, everyMs)}`, { cause });
  } finally {
    clearInterval(timer);
    // An answer that was not read would keep its connection.
    given.abort();
  }
}

function tooSlow(bytes: number, everyMs: number): Error {
  return bytes === 0
    ? new DOMException('nothing comes', 'TimeoutError')
    : new Error(`only ${bytes} bytes came within ${everyMs / 1000} s`);
}

/** `fetch` takes no URL with a name and a password, and tells both in its error. */
function toPlain(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

function withAccess(given: Headers, { username, password }: URL): Headers {
  const headers = new Headers(given);
  // A body that is packed would be larger on the disk than it says.
  headers.set('Accept-Encoding', 'identity');
  if (username !== '' || password !== '') {
    const access = [username, password].map(decodeURIComponent).join(':');
    headers.set('Authorization', `Basic ${Buffer.from(access).toString('base64')}`);
  }
  return headers;
}
