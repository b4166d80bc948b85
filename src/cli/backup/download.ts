import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Refusal } from '../refusal.ts';
import { describeSilence } from '../send-request.ts';

/** Nothing came for so long. */
const silentAfterMs = 30_000;

/** Gets what a web server has at a URL into a file. Rejects with a `Refusal` when that is not all of it. */
export async function download(url: URL, path: string): Promise<void> {
  const given = new AbortController();
  const giveUp = () => given.abort(new DOMException('nothing comes', 'TimeoutError'));
  let silence = setTimeout(giveUp, silentAfterMs);
  try {
    const answer = await fetch(url, { signal: given.signal });
    if (!answer.ok || answer.body === null) {
      throw new Refusal(`${url.href} is answered with ${answer.status}`);
    }
    const body = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
    body.on('data', () => {
      clearTimeout(silence);
      silence = setTimeout(giveUp, silentAfterMs);
    });
    await pipeline(body, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`${url.href} cannot be had: ${describeSilence(error, silentAfterMs)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(silence);
  }
}
