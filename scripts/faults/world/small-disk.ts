import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { mountsUnder } from '../../cluster/mounts.ts';
import { runTool } from './command.ts';

const ballast = 'ballast';

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

  /** Takes all that is free, until `free`. */
  async fill(): Promise<void> {
    await using file = await open(join(this.dir, ballast), 'a');
    for (const piece of [Buffer.alloc(4 * 2 ** 20), Buffer.alloc(4096)]) {
      try {
        while (statfsSync(this.dir).bavail > 0) await file.write(piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(join(this.dir, ballast), { force: true });
  }

  /** Empties it, as a new disk in place of this one. */
  async replace(): Promise<void> {
    const { blocks, bsize } = statfsSync(this.dir);
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
