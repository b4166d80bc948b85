import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { codeOfFetchError, explainTls } from '../../backup/fetch-error.ts';
import { toNoRoom } from '../../backup/full-disk.ts';
import { expectRoom, NoRoom } from '../../backup/scratch-folder.ts';
import { Refusal } from '../refusal.ts';
import { describeSilence } from '../send-request.ts';

/** What is downloaded. */
export interface Download {
  readonly url: URL;
  /** Such as a signature, which is for that server alone: no redirect is followed then. */
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

/** A place that leads on more often leads nowhere. */
const mostRedirects = 10;
const redirects: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Gets what a web server has at a URL into a file, through redirects. There has to be room for it twice, since it is unpacked beside
 * it. Rejects with a `Refusal` when that is not all of it, and with `NoRoom`; both name no secret of the URL.
 */
export async function download(
  what: Download,
  path: string,
  patience: DownloadPatience = usualPatience,
): Promise<void> {
  let next = await downloadFrom(what, path, patience);
  for (let followed = 1; next !== undefined; followed += 1) {
    if (followed > mostRedirects) {
      throw new Refusal(`${nameOf(what.url)} leads on more than ${mostRedirects} times`);
    }
    next = await downloadFrom(next, path, patience);
  }
}

/** Does so at one URL; gives where that leads on to, and then nothing is in the file. */
async function downloadFrom(
  { url, headers }: Download,
  path: string,
  { everyMs, leastBytes }: DownloadPatience,
): Promise<Download | undefined> {
  const name = nameOf(url);
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
      redirect: 'manual',
      signal: given.signal,
    });
    const location = answer.headers.get('location');
    if (redirects.includes(answer.status) && location !== null && headers === undefined) {
      return leadOn(url, location);
    }
    if (!answer.ok || answer.body === null) {
      throw new Refusal(`${name} is answered with ${answer.status}`);
    }
    await expectRoom(dirname(path), 2 * Number(answer.headers.get('content-length') ?? 0));
    await write(answer.body as ReadableStream<Uint8Array>, path, (come) => {
      bytes = come;
    });
    return undefined;
  } catch (error) {
    await rm(path, { force: true });
    const told = toNoRoom(error, dirname(path));
    if (told instanceof Refusal || told instanceof NoRoom) throw told;
    const cause = given.signal.aborted ? given.signal.reason : error;
    const ofTls = explainTls(codeOfFetchError(cause), { origin: url.origin, where: 'the URL' });
    const why = ofTls ?? describeSilence(cause, everyMs);
    throw new Refusal(`${name} cannot be had: ${why}`, { cause });
  } finally {
    clearInterval(timer);
    // An answer that was not read would keep its connection.
    given.abort();
  }
}

/** Writes what comes into a file, as long as the disk has room, and tells how much has come. */
async function write(
  body: ReadableStream<Uint8Array>,
  path: string,
  tell: (bytes: number) => void,
): Promise<void> {
  let bytes = 0;
  let lookAt = lookAtRoomEveryBytes;
  await pipeline(
    Readable.fromWeb(body),
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        tell(bytes);
        if (bytes >= lookAt) {
          await expectRoom(dirname(path), bytes);
          lookAt = bytes + lookAtRoomEveryBytes;
        }
        yield chunk;
      }
    },
    createWriteStream(path, { mode: 0o600 }),
  );
}

/**
 * Where a redirect leads. Nothing that was to come encrypted comes otherwise: the file is signed, so nobody can change it on
 * the way, but anybody there could read the links. A name and a password are for the server that they were given for.
 */
function leadOn(from: URL, location: string): Download {
  const url = new URL(location, from);
  if (url.protocol !== 'https:' && url.protocol !== from.protocol) {
    throw new Refusal(
      `${nameOf(from)} leads on to ${nameOf(url)}, which is not https: give that address itself, if it is meant`,
    );
  }
  if (url.origin === from.origin && url.username === '') {
    url.username = from.username;
    url.password = from.password;
  }
  return { url };
}

/** Without a name, a password, or what may be a signature. */
function nameOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
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

function withAccess(given: Headers | undefined, { username, password }: URL): Headers {
  const headers = new Headers(given);
  // A body that is packed would be larger on the disk than it says.
  headers.set('Accept-Encoding', 'identity');
  if (username !== '' || password !== '') {
    const access = [username, password].map(decodeURIComponent).join(':');
    headers.set('Authorization', `Basic ${Buffer.from(access).toString('base64')}`);
  }
  return headers;
}
