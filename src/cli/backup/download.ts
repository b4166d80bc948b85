import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Refusal } from '../refusal.ts';
import { describeSilence } from '../send-request.ts';

/** Nothing came for so long. */
const silentAfterMs = 30_000;

/** What is downloaded. */
export interface Download {
  readonly url: URL;
  /** Such as a signature. */
  readonly headers?: Headers;
}

/**
 * Gets what a web server has at a URL into a file. Rejects with a `Refusal` when that is not all of it, which names no secret of
 * the URL.
 */
export async function download(
  { url, headers = new Headers() }: Download,
  path: string,
): Promise<void> {
  const name = `${url.origin}${url.pathname}`;
  const given = new AbortController();
  const giveUp = () => given.abort(new DOMException('nothing comes', 'TimeoutError'));
  let silence = setTimeout(giveUp, silentAfterMs);
  try {
    const answer = await fetch(toPlain(url), {
      headers: withAccess(headers, url),
      signal: given.signal,
    });
    if (!answer.ok || answer.body === null) {
      throw new Refusal(`${name} is answered with ${answer.status}`);
    }
    const body = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
    body.on('data', () => {
      clearTimeout(silence);
      silence = setTimeout(giveUp, silentAfterMs);
    });
    await pipeline(body, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`${name} cannot be had: ${describeSilence(error, silentAfterMs)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(silence);
  }
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
  if (username !== '' || password !== '') {
    const access = [username, password].map(decodeURIComponent).join(':');
    headers.set('Authorization', `Basic ${Buffer.from(access).toString('base64')}`);
  }
  return headers;
}
