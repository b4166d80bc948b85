import { mkdirSync } from 'node:fs';
import { rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';
import { mountsUnder } from '../../cluster/mounts.ts';
import { runTool } from './command.ts';

const ballast = 'ballast';
/** Whoever writes there gives back a little with each write that fails, so that there is no end to it. */
const fillRounds = 4;

/** A folder on a small disk of its own, in memory, that can be filled and freed while others write to it. */
export class SmallDisk implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async mount(dir: string, megabytes: number): Promise<SmallDisk> {
    mkdirSync(dir, { recursive: true });
    const options = `size=${megabytes}m,mode=0700`;
    await runTool('mount', ['-t', 'tmpfs', '-o', options, 'hoplite-faults', dir]);
    return new SmallDisk(dir);
  }

  /** Takes all that is free but so many bytes, until `free`. */
  async fill(leftBytes = 0): Promise<void> {
    const file = join(this.dir, ballast);
    for (let round = 1; round <= fillRounds; round++) {
      const { bavail, bsize } = await statfs(this.dir);
      const spare = bavail * bsize - leftBytes;
      if (spare <= 0) return;
      try {
        const taken = (await sizeOf(file)) + spare;
        await runTool('fallocate', ['-l', String(taken), file]);
      } catch (error) {
        // Others took some of it meanwhile; what is left of it is seen next time.
        if (!(error instanceof ClusterFailure)) throw error;
      }
    }
  }

  /** Gives back what `fill` took. */
  async free(): Promise<void> {
    await rm(join(this.dir, ballast), { force: true });
  }

  /** Empties it, as a new disk in place of this one. */
  async replace(): Promise<void> {
    const { blocks, bsize } = await statfs(this.dir);
    await runTool('umount', ['-l', this.dir]);
    await SmallDisk.mount(this.dir, Math.round((blocks * bsize) / 2 ** 20));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runTool('umount', ['-l', this.dir]);
  }
}

/** Detaches everything that is mounted at or below a folder. */
export async function unmountDisks(dir: string): Promise<void> {
  for (const point of mountsUnder(dir)) await runTool('umount', ['-l', point]);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
