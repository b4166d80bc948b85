import { exitCodes } from '../../domain/exit-codes.ts';
import { BackupFinder, keepsBackups } from './backup-finder.ts';
import type { SnapshotFacts } from './facts.ts';
import { findInFolder, optionsOfFolder } from './restore-folder.ts';
import { spawnHoplite } from './spawn-hoplite.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Nothing was restored. `exitCode` is that of the node, where it should end; the message is in words. */
export class RestoreFailed extends Error {
  override readonly name = 'RestoreFailed';
  readonly exitCode: number | undefined;

  constructor(code: number | null) {
    super(`"hoplite rebuild" ended with ${code}`);
    const known: readonly number[] = [exitCodes.damaged, exitCodes.tryAgain];
    this.exitCode = code !== null && known.includes(code) ? code : undefined;
  }
}

/** What the links of a fleet can be restored from: the bucket, and where that holds nothing the folder that a person filled. */
export class Snapshots implements AsyncDisposable {
  readonly #env: Env;
  readonly #folder: string | undefined;
  readonly #finder: BackupFinder | undefined;

  constructor({ env, folder }: { readonly env: Env; readonly folder: string | undefined }) {
    this.#env = env;
    this.#folder = folder;
    this.#finder = keepsBackups(env) ? new BackupFinder(env) : undefined;
  }

  /** Never rejects, never waits. */
  readonly find = (): SnapshotFacts => {
    const kept = this.#finder?.find() ?? { is: 'none' };
    return kept.is === 'none' && this.#folder !== undefined ? findInFolder(this.#folder) : kept;
  };

  /**
   * Runs `hoplite rebuild`, which judges the files and puts them ready to be imported. Rejects with a `RestoreFailed` when it
   * does not succeed; it has said why.
   */
  async restore(clusterId: string | undefined, signal: AbortSignal): Promise<void> {
    const isKept = this.#finder !== undefined && this.#finder.find().is !== 'none';
    const from =
      isKept || this.#folder === undefined ? ['--from-backup'] : optionsOfFolder(this.#folder);
    const id = clusterId === undefined ? [] : ['--cluster-id', clusterId];
    const { code } = await spawnHoplite(['rebuild', '--yes', ...id, ...from], {
      env: this.#env,
      signal,
      stdout: 'passed on',
    });
    if (code !== 0) throw new RestoreFailed(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#finder?.[Symbol.asyncDispose]();
  }
}
