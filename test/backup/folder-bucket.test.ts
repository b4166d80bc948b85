import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BucketFailure } from '../../src/backup/bucket/bucket.ts';
import { FolderBucket } from '../../src/backup/bucket/folder-bucket.ts';
import { toFolderFailure } from '../../src/backup/bucket/folder-failure.ts';
import { openBucket } from '../../src/backup/bucket/open-bucket.ts';
import { bucketFailureOf } from '../support/bucket-failure.ts';
import { describeBucket } from '../support/bucket-suite.ts';
import { recordOwners } from '../support/recorded-owners.ts';

let top: string;
let count = 0;

beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'hoplite-bucket-'));
});
afterAll(() => rmSync(top, { recursive: true }));

function newFolder(): string {
  count += 1;
  const folder = join(top, `bucket ${count}`);
  mkdirSync(folder);
  return folder;
}

describe('a folder as a bucket', () => {
  describeBucket(() => openBucket({ place: { in: 'folder', folder: newFolder() }, s3: undefined }));

  test('is named as its variable says it', () => {
    expect(new FolderBucket('/srv/my backups').name).toBe('file:///srv/my%20backups');
  });

  test('what root writes belongs to the owner of the folder, and so do folders that another root has made', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'parts'));
    const given = recordOwners();
    await new FolderBucket(folder).write('parts/of/a', Buffer.from('a'));
    const { uid, gid } = statSync(folder);
    expect(new Set(given.values())).toEqual(new Set([`${uid}:${gid}`]));
    const [object, ...folders] = [...given.keys()].toSorted((a, b) => b.length - a.length);
    expect(object).toMatch(/\/\.unfinished\/[0-9a-f-]{36}$/);
    expect(folders.toSorted()).toEqual(
      ['.unfinished', 'parts', 'parts/of'].map((name) => join(folder, name)),
    );
  });

  test('a folder that is gone is no empty one, for any call', async () => {
    const folder = join(top, 'unmounted');
    const bucket = new FolderBucket(folder);
    for (const call of [
      () => bucket.list(''),
      () => bucket.read('parts/a'),
      () => bucket.write('parts/a', Buffer.from('a')),
      () => bucket.remove(['parts/a']),
      () => bucket.nowMs(),
    ]) {
      const { kind, message } = await bucketFailureOf(call());
      expect(kind).toBe('no_bucket');
      expect(message).toContain(
        `there is no ${folder}: make it, mount its disk, or mend BACKUP_URL`,
      );
    }
    expect(existsSync(folder)).toBe(false);
  });

  test('a file in its place is no folder', async () => {
    const folder = join(top, 'file');
    writeFileSync(folder, '');
    const failure = await bucketFailureOf(
      new FolderBucket(folder).write('parts/a', Buffer.from('a')),
    );
    expect(failure.kind).toBe('no_bucket');
    expect(failure.message).toContain('mend BACKUP_URL');
  });

  /** Has something else happen when files and folders are forced to the disk. */
  async function replaceSync(
    sync: (handle: FileHandle, original: () => Promise<void>) => Promise<void>,
  ) {
    const handle = await open(top);
    const handles = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const original = handles.sync;
    return vi.spyOn(handles, 'sync').mockImplementation(function (this: FileHandle) {
      return sync(this, () => original.call(this));
    });
  }

  test('an object gets its name once it is forced to the disk, and then the name is, with those of new folders', async () => {
    const folder = newFolder();
    const object = join(folder, 'parts', 'a');
    const synced: { ino: number; bytes: number | undefined; isNamed: boolean }[] = [];
    const spy = await replaceSync(async (handle, original) => {
      await original();
      const facts = await handle.stat();
      const bytes = facts.isDirectory() ? undefined : facts.size;
      synced.push({ ino: facts.ino, bytes, isNamed: existsSync(object) });
    });
    try {
      await new FolderBucket(folder).write('parts/a', Buffer.from('whole'));
    } finally {
      spy.mockRestore();
    }
    const [above, parts, file] = [folder, join(folder, 'parts'), object].map(
      (path) => statSync(path).ino,
    );
    expect(synced.slice(0, -2)).toContainEqual({ ino: above, bytes: undefined, isNamed: false });
    expect(synced.slice(-2)).toEqual([
      { ino: file, bytes: 5, isNamed: false },
      { ino: parts, bytes: undefined, isNamed: true },
    ]);
  });

  test('a file system that cannot force folders to the disk is good enough, one that fails to is not', async () => {
    const folder = newFolder();
    let code = 'EINVAL';
    const spy = await replaceSync(async (handle, original) => {
      if (!(await handle.stat()).isDirectory()) return original();
      throw Object.assign(new Error(code), { code, errno: -1 });
    });
    try {
      const bucket = new FolderBucket(folder);
      await bucket.write('parts/a', Buffer.from('a'));
      code = 'EIO';
      const failure = await bucketFailureOf(bucket.write('parts/b', Buffer.from('b')));
      expect(failure.kind).toBe('unreachable');
    } finally {
      spy.mockRestore();
    }
  });

  test('what a power loss left of a write is never listed, and is thrown away after a day', async () => {
    const folder = newFolder();
    const bucket = new FolderBucket(folder);
    await bucket.write('parts/a', Buffer.from('whole'));
    const leftovers = join(folder, '.unfinished');
    expect(readdirSync(leftovers)).toEqual([]);
    for (const [name, agoHours] of [
      ['old', 25],
      ['new', 23],
    ] as const) {
      writeFileSync(join(leftovers, name), 'half');
      const at = Date.now() / 1_000 - agoHours * 3_600;
      utimesSync(join(leftovers, name), at, at);
    }
    expect((await bucket.list('')).map(({ key }) => key)).toEqual(['parts/a']);
    await bucket.remove([]);
    expect(readdirSync(leftovers)).toEqual(['new']);
  });

  // As root, as all tests that mount.
  test('a full disk is a failure that says so, what is there stays, and nothing torn is left', async () => {
    const folder = newFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'hoplite-backup', folder]);
    try {
      const bucket = new FolderBucket(folder);
      await bucket.write('parts/a', Buffer.alloc(100_000, 'a'));
      const failure = await bucketFailureOf(bucket.write('parts/a', Buffer.alloc(300_000, 'b')));
      expect(failure.kind).toBe('full');
      expect(failure.message).toContain(`the disk or the quota of ${folder} is full: make room`);
      expect((await bucket.list('')).map(({ key, bytes }) => [key, bytes])).toEqual([
        ['parts/a', 100_000],
      ]);
      expect(readdirSync(join(folder, '.unfinished'))).toEqual([]);
      await bucket.write('parts/b', Buffer.alloc(100_000, 'b'));
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      const readOnly = await bucketFailureOf(bucket.write('parts/c', Buffer.from('c')));
      expect(readOnly.kind).toBe('denied');
      expect(readOnly.message).toContain('mount it for writing');
      expect((await bucket.read('parts/b'))?.length).toBe(100_000);
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});

describe('an error of the system', () => {
  const error = (code: string) => Object.assign(new Error(code), { code, errno: -1 });

  test.each([
    ['ENOENT', 'no_bucket', 'mend BACKUP_URL'],
    ['ENOTDIR', 'no_bucket', 'is no folder: mend BACKUP_URL'],
    ['EACCES', 'denied', 'give it to the user that Hoplite runs as'],
    ['EPERM', 'denied', 'give it to the user that Hoplite runs as'],
    ['EROFS', 'denied', 'mount it for writing'],
    ['ENOSPC', 'full', 'make room'],
    ['EDQUOT', 'full', 'make room'],
    ['EIO', 'unreachable', "look at the system's log"],
    ['ESTALE', 'unreachable', "look at the system's log"],
  ])('%s is %s, in a sentence that says what to do', (code, kind, sentence) => {
    const cause = error(code);
    const failure = toFolderFailure(cause, 'store parts/a', '/srv/b') as BucketFailure;
    expect(failure).toBeInstanceOf(BucketFailure);
    expect(failure.kind).toBe(kind);
    expect(failure.message).toMatch(/^The folder of backups cannot store parts\/a: /);
    expect(failure.message).toContain(sentence);
    expect(failure.cause).toBe(cause);
  });

  test('anything else stays what it is', () => {
    const bug = new TypeError('a bug');
    expect(toFolderFailure(bug, 'be listed', '/srv/b')).toBe(bug);
    expect(toFolderFailure('aborted', 'be listed', '/srv/b')).toBe('aborted');
  });
});
