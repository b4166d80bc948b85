import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { fetchFile } from '../../src/backup/fetch-file.ts';
import { partBytes } from '../../src/backup/manifest.ts';
import { type SentFile, sendParts } from '../../src/backup/send-parts.ts';
import { openTestStore } from '../support/backup-store.ts';
import { TestFolder } from '../support/test-database.ts';

const upload = '0123456789abcdef';

let folder: TestFolder;
let store: BackupStore;
beforeEach(() => {
  folder = new TestFolder();
  store = openTestStore(folder);
});
afterEach(() => folder[Symbol.dispose]());

function send(content: Uint8Array, by = store): Promise<SentFile> {
  const file = folder.file('whole');
  writeFileSync(file, content);
  return sendParts(by, file, { upload, known: new Map() });
}

async function fetched(sent: SentFile, encrypted: boolean, by = store): Promise<Buffer> {
  const path = folder.file('fetched');
  const facts = { takenAt: '', position: null, schema: '', counts: {}, contentHash: '' };
  await fetchFile(by, { ...facts, ...sent, encrypted }, { path, title: 'it' });
  return readFileSync(path);
}

describe.each([false, true])('the parts of a file, with BACKUP_ENCRYPT=%s', (encrypt) => {
  beforeEach(() => {
    store = { ...store, encrypt };
  });

  it.each([1, partBytes - 1, partBytes, partBytes + 1, 3 * partBytes])(
    'come to the file of %i bytes again',
    async (bytes) => {
      const content = randomBytes(bytes);
      const sent = await send(content);
      expect(sent.bytes).toBe(bytes);
      expect(sent.parts.map((part) => part.bytes)).toEqual(
        Array.from({ length: Math.ceil(bytes / partBytes) }, (_, n) =>
          Math.min(partBytes, bytes - n * partBytes),
        ),
      );
      expect((await fetched(sent, encrypt)).equals(content)).toBe(true);
    },
  );

  it('that are alike are sent once, and compressed', async () => {
    const sent = await send(Buffer.alloc(5 * partBytes, 'a'));
    expect(sent).toMatchObject({ sentParts: 1 });
    expect(sent.sentBytes).toBeLessThan(1000);
    expect(new Set(sent.parts.map(({ name }) => name)).size).toBe(1);
    expect((await fetched(sent, encrypt)).equals(Buffer.alloc(5 * partBytes, 'a'))).toBe(true);
  });

  it('have names that only who has the key can tell from a content', async () => {
    const content = Buffer.alloc(5000, 'a');
    const other = { ...store, keys: new BackupKeys(['another secret, 32 characters long']) };
    const [one, two] = [await send(content), await send(content, other)];
    expect(one.parts[0]?.name).not.toBe(two.parts[0]?.name);
  });
});

it('a rest comes after each part', async () => {
  const file = folder.file('whole');
  writeFileSync(file, randomBytes(3 * partBytes));
  let rests = 0;
  const rest = async () => {
    rests += 1;
    await expect.poll(async () => (await store.bucket.list('parts/')).length).toBe(rests);
  };
  await sendParts(store, file, { upload, known: new Map(), rest });
  expect(rests).toBe(3);
});

it('parts that are encrypted are so', async () => {
  const content = randomBytes(5000);
  const clear = await send(content);
  const secret = await send(content, { ...store, encrypt: true });
  const stored = async ({ parts }: SentFile) => {
    const body = await store.bucket.read(`parts/${parts[0]?.name}`);
    return Buffer.from(body as Uint8Array);
  };
  expect((await stored(secret)).includes(content.subarray(100, 200))).toBe(false);
  const again = await send(content, { ...store, encrypt: true });
  expect(again.parts[0]?.sha256).not.toBe(secret.parts[0]?.sha256);
  expect(clear.parts[0]?.sha256).not.toBe(secret.parts[0]?.sha256);
  const other = { ...store, keys: new BackupKeys(['another secret, 32 characters long']) };
  await expect(fetched(again, true, other)).rejects.toThrow(
    /It was encrypted with the key [0-9a-f]{16}, which BACKUP_KEY does not hold/,
  );
});
