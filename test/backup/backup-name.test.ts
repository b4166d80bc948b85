import { expect, it } from 'vitest';
import {
  backupsPrefix,
  parseBackupName,
  toBackupName,
  toManifestKey,
  toNameOfKey,
} from '../../src/backup/backup-name.ts';

const takenAt = '2026-11-30T00:55:46.123Z';

it('says when and by whom a backup was taken, in the order of time', () => {
  const name = toBackupName({ takenAt, node: 'ams-1', id: '0123abcd' });
  expect(name).toBe('2026-11-30T00-55-46.123Z-ams-1-0123abcd');
  expect(parseBackupName(name)).toEqual({ takenAtMs: Date.parse(takenAt), node: 'ams-1' });
  const later = toBackupName({ takenAt: '2026-11-30T00:55:46.124Z', node: 'a', id: '00000000' });
  expect(later > name).toBe(true);
});

it('keeps what cannot be in the name of a file out of it', () => {
  const name = toBackupName({ takenAt, node: '../ä b', id: '0123abcd' });
  expect(name).toBe('2026-11-30T00-55-46.123Z-.._____b-0123abcd'.replace('_____', '___'));
  expect(parseBackupName(name)?.node).toBe('..___b');
});

it('is found in the key of its manifest', () => {
  const name = toBackupName({ takenAt, node: 'ams', id: '0123abcd' });
  expect(toNameOfKey(toManifestKey(name), backupsPrefix)).toBe(name);
});

it.each([
  'backups/notes.json',
  'backups/2026-11-30T00-55-46.123Z-ams.json',
  'backups/2026-11-30T00-55-46.123Z-ams-0123abcd.json.old',
  'backups/2026-13-30T00-55-46.123Z-ams-0123abcd.json',
  'backups/deep/2026-11-30T00-55-46.123Z-ams-0123abcd.json',
  'verified/2026-11-30T00-55-46.123Z-ams-0123abcd.json',
])('is not in %s', (key) => {
  expect(toNameOfKey(key, backupsPrefix)).toBeUndefined();
});
