import type { Facts } from '../facts.ts';
import type { DiskFacts } from '../observe/disks.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

const mebibyte = 2 ** 20;
/** Less than this, and the next snapshot or migration may not fit. */
const tooLittleBytes = 64 * mebibyte;
/**
 * LiteFS's documentation asks for 20 to 50 % (docs/facts.md, "LiteFS wants spare disk"); of a large disk, so much is
 * enough.
 */
const enoughShare = 0.2;
const enoughBytes = 5 * 1024 * mebibyte;

/** There is room to write. On LiteFS a full disk looks like a broken one. */
export function checkDisk({ disks }: Pick<Facts, 'disks'>): Verdict[] {
  return disks.map((disk) => judge(disk));
}

function judge({ path, freeBytes, totalBytes }: DiskFacts): Verdict {
  const detail = `${toSize(freeBytes)} of ${toSize(totalBytes)} are free at ${path}`;
  const remedy = 'make room, or a larger volume, before writes fail';
  if (freeBytes < tooLittleBytes) return fail(detail, remedy);
  const isEnough = freeBytes >= enoughBytes || freeBytes >= totalBytes * enoughShare;
  return isEnough ? ok(detail) : warn(detail, remedy);
}

function toSize(bytes: number): string {
  const mebibytes = bytes / mebibyte;
  return mebibytes < 1024 ? `${Math.floor(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
