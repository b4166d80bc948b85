import { describe, expect, test } from 'vitest';
import { nameBackupPlace, parseBackupPlace } from '../../src/domain/backup-place.ts';

describe('the place of backups', () => {
  test.each([
    ['s3://backups', { in: 's3', bucket: 'backups', prefix: '' }, 's3://backups'],
    ['s3://backups/', { in: 's3', bucket: 'backups', prefix: '' }, 's3://backups'],
    [
      's3://go.backups/a/b.c//',
      { in: 's3', bucket: 'go.backups', prefix: 'a/b.c' },
      's3://go.backups/a/b.c',
    ],
    ['file:///srv/b/', { in: 'folder', folder: '/srv/b' }, 'file:///srv/b'],
    ['file:///srv/my%20b', { in: 'folder', folder: '/srv/my b' }, 'file:///srv/my%20b'],
  ] as const)('%s is %j', (text, place, name) => {
    expect(parseBackupPlace(text)).toEqual(place);
    expect(nameBackupPlace(place)).toBe(name);
    expect(parseBackupPlace(name)).toEqual(place);
  });

  test.each([
    '',
    'backups',
    '/srv/backups',
    'https://backups.example.com',
    's3:backups',
    's3://',
    's3:///prefix',
    's3://a',
    's3://key:secret@backups',
    's3://backups:9000',
    's3://backups/a//b',
    's3://backups/../b',
    's3://backups/a b',
    's3://backups?region=eu',
    'file://srv/backups',
    'file://localhost/srv/backups',
    'file:///',
    'file:///srv/%zz',
    'file:///srv/%00',
    'file:///srv?a',
  ])('cannot be %j', (text) => {
    expect(parseBackupPlace(text)).toBeUndefined();
  });
});
