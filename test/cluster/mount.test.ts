import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeadMount, Mount } from '../../src/cluster/mount.ts';

describe('a mount', () => {
  let folder: string;
  /** A folder on another device, as every mount is one. */
  let elsewhere: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hoplite-mount-'));
    elsewhere = mkdtempSync('/dev/shm/hoplite-mount-');
  });

  afterEach(() => {
    for (const path of [folder, elsewhere]) rmSync(path, { recursive: true, force: true });
  });

  it('gives the beginning of a file', async () => {
    writeFileSync(join(folder, 'file'), 'content');
    expect(await new Mount(folder).read('file', 4)).toBe('cont');
  });

  it('tells a file that is not there from a mount that is gone', async () => {
    const mount = new Mount(folder);
    expect(mount.openFile('file')).toBeUndefined();
    expect(await mount.read('file', 4)).toBeUndefined();
  });

  it('cannot be one without a folder', () => {
    expect(() => new Mount(join(folder, 'nowhere'))).toThrow('ENOENT');
  });

  it('is dead when reading gives EIO', async () => {
    // Byte 0 of a process's memory can be opened but not read, on the same device as its folder.
    const mount = new Mount('/proc/self');
    const fd = mount.openFile('mem') ?? -1;
    expect(() => mount.readFile(fd, Buffer.alloc(1))).toThrow(DeadMount);
    mount.closeFile(fd);
    await expect(mount.read('mem', 1)).rejects.toThrow(DeadMount);
  });

  it('is dead when another one is in its place', async () => {
    symlinkSync(folder, join(folder, 'mount'));
    const mount = new Mount(join(folder, 'mount'));
    writeFileSync(join(elsewhere, 'file'), 'content');
    rmSync(join(folder, 'mount'));
    symlinkSync(elsewhere, join(folder, 'mount'));
    for (const name of ['file', 'absent']) {
      expect(() => mount.openFile(name)).toThrow(DeadMount);
      await expect(mount.read(name, 4)).rejects.toThrow(DeadMount);
    }
  });

  it('is not dead for any other error', async () => {
    mkdirSync(join(folder, 'file'));
    const mount = new Mount(folder);
    await expect(mount.read('file', 4)).rejects.toThrow('EISDIR');
    const fd = mount.openFile('file') ?? -1;
    expect(() => mount.readFile(fd, Buffer.alloc(1))).toThrow('EISDIR');
    mount.closeFile(fd);
    expect(() => mount.closeFile(fd)).toThrow('EBADF');
  });
});
