import { symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findMount, isFuse, parseMounts } from '../../src/cluster/mount-table.ts';
import { TestFolder } from '../support/test-database.ts';

test("the kernel's list is read, signs that it writes in octal too", () => {
  const text = [
    'proc /proc proc rw,nosuid 0 0',
    String.raw`litefs /mnt/a\040b\134c fuse rw,user_id=0 0 0`,
    'litefs /litefs fuse.litefs rw 0 0',
    'none /not fusectl rw 0 0',
    '',
  ].join('\n');
  const mounts = parseMounts(text);
  expect(mounts).toEqual([
    { point: '/proc', type: 'proc' },
    { point: '/mnt/a b\\c', type: 'fuse' },
    { point: '/litefs', type: 'fuse.litefs' },
    { point: '/not', type: 'fusectl' },
  ]);
  expect(mounts.filter(isFuse).map(({ point }) => point)).toEqual(['/mnt/a b\\c', '/litefs']);
});

test('a mount is found by its folder, also through a link above it', async () => {
  using folder = new TestFolder();
  symlinkSync('/', folder.file('root'));
  expect(await findMount('/proc')).toEqual({ point: '/proc', type: 'proc' });
  expect(await findMount(folder.file('root/proc'))).toEqual({ point: '/proc', type: 'proc' });
  expect(await findMount('/proc/self')).toBeUndefined();
  expect(await findMount(folder.path)).toBeUndefined();
  expect(await findMount('/etc/passwd/below/it')).toBeUndefined();
});
