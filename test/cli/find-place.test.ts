import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { findPlace } from '../../src/cli/backup/find-place.ts';
import { nameBackupPlace, parseBackupPlace } from '../../src/domain/backup-place.ts';
import { TestFolder } from '../support/test-database.ts';

const folder = new TestFolder();
mkdirSync(folder.file('a folder'));
writeFileSync(folder.file('a file.db'), '');
afterAll(() => folder[Symbol.dispose]());

test.each(['of #1', 'what?', '100 %', 'a%20b'])(
  'a folder named "%s" is the place it names',
  (name) => {
    mkdirSync(folder.file(name));
    const place = { in: 'folder', folder: folder.file(name) } as const;
    const found = findPlace(folder.file(name));
    expect(found).toEqual({ is: 'backups', url: nameBackupPlace(place) });
    expect(parseBackupPlace(nameBackupPlace(place))).toEqual(place);
  },
);

describe('where a backup is that a command names', () => {
  test.each([
    ['s3://bucket', { is: 'backups', url: 's3://bucket' }],
    ['s3://bucket/some/prefix', { is: 'backups', url: 's3://bucket/some/prefix' }],
    ['s3://bucket/app.db', { is: 'object', bucketUrl: 's3://bucket', key: 'app.db' }],
    ['s3://bucket/some/app.db', { is: 'object', bucketUrl: 's3://bucket/some', key: 'app.db' }],
    ['https://example.com/app.db', { is: 'web', url: new URL('https://example.com/app.db') }],
    [
      folder.file('a folder'),
      { is: 'backups', url: `file://${encodeURI(folder.file('a folder'))}` },
    ],
    [
      `file://${folder.path}/a%20folder`,
      { is: 'backups', url: `file://${folder.path}/a%20folder` },
    ],
    [folder.file('a file.db'), { is: 'file', path: folder.file('a file.db') }],
    [`file://${folder.path}/a%20file.db`, { is: 'file', path: folder.file('a file.db') }],
  ])('%s', (from, place) => {
    expect(findPlace(from)).toEqual(place);
  });

  test.each([
    ['/nowhere', 'there is no /nowhere'],
    ['file:///nowhere', 'there is no /nowhere'],
    ['ftp://example.com/app.db', 'no place that is known'],
    ['https://', 'is no URL'],
    ['file://backups/hoplite', 'three slashes'],
    ['file:///100%', 'three slashes'],
  ])('%s is none', (from, words) => {
    expect(() => findPlace(from)).toThrow(words);
  });
});
