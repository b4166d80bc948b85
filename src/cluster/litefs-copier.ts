import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { DatabaseCopier, DatabaseCopies, DatabaseCopy } from '../domain/database-copy.ts';
import type { DatabaseName } from '../domain/database-name.ts';
import { Failure } from '../domain/failure.ts';
import type { Position } from '../domain/position.ts';
import { DatabaseChecksum } from './database-checksum.ts';
import { Mount } from './mount.ts';
import { bytesInPosition, toPosition } from './position-file.ts';
import { SeenPositions } from './seen-positions.ts';

/** What a `LiteFsCopier` needs. */
export interface LiteFsCopierOptions {
  /** Origin of LiteFS's HTTP API. */
  readonly litefsUrl: string;
  /** LiteFS's mount. */
  readonly litefsDir: string;
  /** Called when the files are there and LiteFS is held up no more: all that follows may take its time. */
  readonly onReceived?: () => void;
}

const fileNames = { links: 'links.db', clicks: 'clicks.db' } as const;
/** LiteFS sends nothing while a transaction holds the database's lock. */
const silenceTimeoutMs = 30_000;
const headerBytes = 100;
const readBytes = 1_048_576;

/**
 * Copies databases through LiteFS's `/export`, which reads the files behind the mount. While it does, this node takes in
 * no transaction of that database, so the bytes are taken as fast as they come and looked at afterwards (docs/facts.md,
 * "An export holds its database up").
 *
 * LiteFS does not say at which position it exported, and appends an error to an answer that it began with 200. So the
 * checksum of what came is computed the way LiteFS does, and looked for among the positions that this node had
 * meanwhile. What fits none is no copy.
 */
export class LiteFsCopier implements DatabaseCopier {
  readonly #options: LiteFsCopierOptions;
  readonly #mount: Mount;

  /** Throws when there is no such folder. */
  constructor(options: LiteFsCopierOptions) {
    this.#options = options;
    this.#mount = new Mount(options.litefsDir);
  }

  async readPosition(database: DatabaseName): Promise<Position | undefined> {
    return toPosition(await this.#mount.read(`${fileNames[database]}-pos`, bytesInPosition));
  }

  async copyInto(
    folder: string,
    databases: readonly DatabaseName[],
    signal: AbortSignal,
  ): Promise<DatabaseCopies> {
    await using seen = await SeenPositions.watch(this.#options.litefsUrl, signal);
    const received = new Map<DatabaseName, number>();
    for (const database of databases) {
      const takenAtMs = Date.now();
      if (await this.#receive(database, folder, seen, signal)) received.set(database, takenAtMs);
    }
    this.#options.onReceived?.();
    const copies: Partial<Record<DatabaseName, DatabaseCopy>> = {};
    for (const [database, takenAtMs] of received) {
      const name = fileNames[database];
      const file = join(folder, name);
      const { bytes, checksum } = await sumUp(file, signal);
      if (checksum === undefined) throw notWhole(name);
      const position = await seen.find(name, checksum, signal);
      if (position === undefined) throw notWhole(name);
      copies[database] = { file, bytes, takenAtMs, position };
    }
    return copies;
  }

  /** Gives whether there is such a database. */
  async #receive(
    database: DatabaseName,
    folder: string,
    seen: SeenPositions,
    signal: AbortSignal,
  ): Promise<boolean> {
    const name = fileNames[database];
    const note = async () => {
      const position = await this.readPosition(database);
      if (position !== undefined) seen.add(name, position);
      return position;
    };
    if ((await note()) === undefined) return false;
    const answer = await this.#openExport(name, signal);
    if (answer === undefined) return false;
    const file = createWriteStream(join(folder, name), { flags: 'wx', mode: 0o600 });
    await pipeline(answer, file, { signal });
    await note();
    return true;
  }

  async #openExport(name: string, signal: AbortSignal): Promise<IncomingMessage | undefined> {
    const request = get(`${this.#options.litefsUrl}/export?name=${name}`, {
      agent: false,
      signal,
      timeout: silenceTimeoutMs,
    });
    request.on('timeout', () => request.destroy(new Error('LiteFS fell silent')));
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    if (answer.statusCode === 200) return answer;
    const said = (await text(answer)).trim();
    if (answer.statusCode === 404) return undefined;
    throw new Failure(
      'unavailable',
      `LiteFS does not export ${name}: ${answer.statusCode} ${said.slice(0, 200)}`,
    );
  }
}

function notWhole(name: string): Failure {
  return new Failure(
    'unavailable',
    `the copy of ${name} that LiteFS gave is not whole: this node was at no such position`,
  );
}

/** `checksum` is `undefined` of what is no database. */
async function sumUp(
  file: string,
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly checksum: string | undefined }> {
  let bytes = 0;
  let checksum: DatabaseChecksum | undefined;
  for await (const chunk of createReadStream(file, { highWaterMark: readBytes, signal })) {
    if (bytes === 0) {
      const pageBytes = readPageBytes(chunk);
      if (pageBytes !== undefined) checksum = new DatabaseChecksum(pageBytes);
    }
    bytes += chunk.length;
    checksum?.update(chunk);
  }
  return { bytes, checksum: checksum?.digest() };
}

/** Page size at offset 16, where 1 stands for 65,536 (sqlite.org/fileformat.html, "The Database Header"). */
function readPageBytes(head: Buffer): number | undefined {
  if (head.length < headerBytes) return undefined;
  const told = head.readUInt16BE(16);
  if (told === 1) return 65_536;
  return told >= 512 && (told & (told - 1)) === 0 ? told : undefined;
}
