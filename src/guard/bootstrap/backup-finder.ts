import { describeError } from '../describe-error.ts';
import type { SnapshotFacts } from './facts.ts';
import { spawnHoplite } from './spawn-hoplite.ts';

/** What is not known, or may get better, is asked again sooner. Milliseconds. */
const againAfterMs = {
  'asked for': 0,
  none: 10_000,
  there: 30_000,
  unreachable: 2_000,
  damaged: 30_000,
};
/** The command has bounds of its own; one that outlives them is ended. */
const findWithinMs = 120_000;

/**
 * Asks the bucket for the newest backup, by `hoplite backup find`, in the background: a guard that waits goes on looking at
 * Consul and the other nodes meanwhile.
 */
export class BackupFinder implements AsyncDisposable {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #name: string;
  readonly #end = new AbortController();
  #known: SnapshotFacts;
  #knownSinceMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
    this.#name = `in ${env.BACKUP_URL || `s3://${env.BUCKET_NAME}/hoplite`}`;
    this.#known = { is: 'asked for', name: this.#name };
  }

  /** What is known by now; asks again when that is old. Never rejects, never waits. */
  find(): SnapshotFacts {
    const isOld = performance.now() - this.#knownSinceMs >= againAfterMs[this.#known.is];
    if (isOld && this.#asking === undefined) {
      this.#asking = this.#ask().then((facts) => {
        this.#known = facts;
        this.#knownSinceMs = performance.now();
        this.#asking = undefined;
      });
    }
    return this.#known;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#asking;
  }

  async #ask(): Promise<SnapshotFacts> {
    const failed = (why: string): SnapshotFacts => ({ is: 'unreachable', name: this.#name, why });
    try {
      const { code, stdout } = await spawnHoplite(['backup', 'find', '--json'], {
        env: this.#env,
        signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout(findWithinMs)]),
        stdout: 'kept',
      });
      if (code !== 0) return failed(`"hoplite backup find" ended with ${code}`);
      return parseFacts(stdout) ?? failed('"hoplite backup find" gave no answer');
    } catch (error) {
      return failed(describeError(error));
    }
  }
}

/** Whether an environment names a place for backups (src/config-backup.ts has all of the rule). */
export function keepsBackups(env: Readonly<Record<string, string | undefined>>): boolean {
  return Boolean(env.BACKUP_URL || (env.BUCKET_NAME && env.BACKUP_KEY));
}

function parseFacts(text: string): SnapshotFacts | undefined {
  try {
    const facts = JSON.parse(text) as SnapshotFacts;
    return facts.is in againAfterMs ? facts : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
