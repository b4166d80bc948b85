import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseChecksum } from '../../src/cluster/database-checksum.ts';
import { LiteFsCopier } from '../../src/cluster/litefs-copier.ts';
import type { Position, Txid } from '../../src/domain/position.ts';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { FakeMount } from '../support/fake-mount.ts';

const never = new AbortController().signal;

describe('a copy through LiteFS', () => {
  let litefs: FakeLiteFs;
  let mount: FakeMount;
  let folder: string;
  let bytes: Buffer;
  let position: Position;

  beforeEach(async () => {
    litefs = await FakeLiteFs.start({ isPrimary: true });
    mount = new FakeMount();
    folder = mkdtempSync(join(tmpdir(), 'hoplite-copies-'));
    const source = new Database(join(folder, 'source.db'));
    source.exec('CREATE TABLE t (a TEXT) STRICT');
    source.close();
    bytes = readFileSync(join(folder, 'source.db'));
    const checksum = new DatabaseChecksum(4096);
    checksum.update(bytes);
    position = { txid: '0000000000000007' as Txid, checksum: checksum.digest() as string };
    mount.setPosition(position);
    litefs.exports.set('links.db', bytes);
  });

  afterEach(async () => {
    await litefs[Symbol.asyncDispose]();
    mount[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const copy = (onReceived?: () => void) =>
    new LiteFsCopier({
      litefsUrl: litefs.url,
      litefsDir: mount.directory,
      ...(onReceived && { onReceived }),
    }).copyInto(folder, ['clicks', 'links'], never);

  it('is the file with its position, and says when LiteFS is no longer needed', async () => {
    let received = 0;
    const copies = await copy(() => {
      received += 1;
    });
    expect(copies.links).toMatchObject({ bytes: bytes.length, position });
    expect(readFileSync(copies.links?.file as string).equals(bytes)).toBe(true);
    expect(copies.clicks).toBeUndefined();
    expect(received).toBe(1);
  });

  it('has the position of a transaction of which LiteFS tells only afterwards', async () => {
    mount.setPosition({ ...position, checksum: '8000000000000001' });
    const copying = copy();
    const telling = setInterval(() => litefs.commit(position), 10);
    const copies = await copying.finally(() => clearInterval(telling));
    expect(copies.links?.position).toEqual(position);
  });

  it.each([
    ['an error that LiteFS appended', () => Buffer.concat([bytes, Buffer.from('disk I/O error')])],
    ['a torn end', () => bytes.subarray(0, 4096)],
    ['a flipped byte', () => Buffer.from(bytes).fill(1, 5000, 5001)],
    ['no database at all', () => Buffer.from('internal error')],
    ['nothing', () => Buffer.alloc(0)],
  ])('is refused with %s', async (_, exported) => {
    litefs.exports.set('links.db', exported());
    await expect(copy()).rejects.toThrow('is not whole');
  });

  it('is not made of a database that LiteFS does not know yet', async () => {
    litefs.exports.clear();
    expect(await copy()).toEqual({});
  });
});
