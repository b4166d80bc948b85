import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import { vi } from 'vitest';

/**
 * What is forced to the disk while `work` lasts, and what gets another name, in order, by paths below `root`: after a power cut a
 * name may be there without what it is the name of, unless that was forced to the disk before.
 */
export async function recordDisk(
  root: string,
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  const done: string[] = [];
  const below = (path: string) => relative(root, path) || '.';
  const force = (fd: number) => done.push(`force ${below(fs.readlinkSync(`/proc/self/fd/${fd}`))}`);
  const name = (from: unknown, to: unknown) =>
    done.push(`rename ${below(String(from))} to ${below(String(to))}`);
  const { fsyncSync, renameSync } = fs;
  const { rename } = fs.promises;
  const handle = await open(root);
  const handles = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { sync } = handles;
  const spies = [
    vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
      fsyncSync(fd);
      force(fd);
    }),
    vi.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
      renameSync(from, to);
      name(from, to);
    }),
    vi.spyOn(fs.promises, 'rename').mockImplementation(async (from, to) => {
      await rename(from, to);
      name(from, to);
    }),
    vi.spyOn(handles, 'sync').mockImplementation(async function (this: FileHandle) {
      await sync.call(this);
      force(this.fd);
    }),
  ];
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
    syncBuiltinESMExports();
  }
  return done;
}
