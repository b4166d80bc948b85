import { isFuse } from '../../../cluster/mount-table.ts';
import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** What the kernel says of a mount whose program is gone or going, or that is gone itself. */
const deadCodes: ReadonlySet<string> = new Set(['ENOTCONN', 'ECONNABORTED', 'EIO', 'ENODEV']);

/** LiteFS's mount is there, and alive. */
export function checkMount({ mount }: Pick<Facts, 'mount'>): Verdict[] {
  if (mount === undefined) return [];
  const { folder, entry, reading } = mount;
  if (entry === undefined) {
    return [
      fail(
        `nothing is mounted at ${folder} (LITEFS_DIR)`,
        'start LiteFS, whose fuse.dir is this folder; it starts the app',
      ),
    ];
  }
  if (entry !== 'unknown' && !isFuse(entry)) {
    return [
      fail(
        `what is mounted at ${folder} is ${entry.type}, and not LiteFS`,
        'set LITEFS_DIR to fuse.dir of litefs.yml',
      ),
    ];
  }
  if (reading?.is === 'hanging') {
    return [fail(`reading ${folder} hangs, for LiteFS is stuck`, 'restart this node')];
  }
  if (reading?.is === 'failed') return [describeFailure(folder, reading.code)];
  return [
    entry === 'unknown'
      ? warn(`whether ${folder} is a mount cannot be told`, 'LiteFS runs on Linux')
      : ok(`LiteFS is mounted at ${folder}, and can be read`),
  ];
}

function describeFailure(folder: string, code: string): Verdict {
  if (deadCodes.has(code)) {
    return fail(
      `LiteFS is gone from its mount at ${folder} (${code})`,
      'restart this node: whatever has files open there has lost them for good',
    );
  }
  return fail(
    `${folder} cannot be read (${code})`,
    'run this as the user that LiteFS runs as, or set fuse.allow-other in litefs.yml',
  );
}
