import type { SegmentContent } from './segment.ts';
import type { BatchOrigin } from './spool-names.ts';
import type { Place, SpoolProducer, StoredBatch } from './spool-producer.ts';
import { type BatchTools, writeBatch } from './write-batch.ts';

/** Something to make a batch of. */
export interface SealTask {
  /** Under which number it was recorded; a follower of its producer may have taken it over. */
  readonly producer: SpoolProducer;
  readonly seq: number;
  readonly clicksBefore: number;
  readonly origin: BatchOrigin;
  /** When it was sealed, or closed to be sealed; wall clock. */
  readonly sealedAtMs: number;
  /** Size of the file that holds it until it is sealed. */
  readonly bytes: number;
  /** Clicks in it. */
  readonly clicks: number;
  load(): Promise<SegmentContent>;
  /** Lets go of the file that held it. Throws the system's error. */
  discard(): void;
}

export interface SealerOptions extends BatchTools {
  readonly onSealed: (batch: StoredBatch) => void;
  /** Told of the system's error that stopped it. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Seals one segment after the other, so that a batch is never seen before those with lower numbers. A failure stops
 * it with the task at the head of the queue; each step can be done again, also by another process after a crash.
 */
export class Sealer {
  readonly #options: SealerOptions;
  #tasks: SealTask[] = [];
  #running: Promise<void> | undefined;
  #isPaused = false;
  #failure: unknown;

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  get tasks(): readonly SealTask[] {
    return this.#tasks;
  }

  /** What stopped it last; `undefined` once it went on. */
  get failure(): unknown {
    return this.#failure;
  }

  push(task: SealTask): void {
    this.#tasks.push(task);
  }

  /** Puts tasks before all others. Only while it is paused. */
  unshift(tasks: readonly SealTask[]): void {
    // Too many of them to be arguments of a call.
    this.#tasks = [...tasks, ...this.#tasks];
  }

  /** Works until nothing is left or something fails. Never rejects. */
  async run(): Promise<void> {
    if (this.#tasks.length === 0 || this.#isPaused) return;
    this.#running ??= this.#work();
    await this.#running;
  }

  /** Resolves once the task under way is done; no other begins until `resume`. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#running;
  }

  resume(): void {
    this.#isPaused = false;
  }

  async #work(): Promise<void> {
    try {
      for (;;) {
        const task = this.#tasks[0];
        if (task === undefined || this.#isPaused) return;
        await this.#seal(task);
        this.#tasks.shift();
        this.#failure = undefined;
      }
    } catch (error) {
      this.#failure = error;
      this.#options.onFailed(error);
    } finally {
      // In the same turn as the decision to stop, so that a task that comes later is not missed.
      this.#running = undefined;
    }
  }

  async #seal(task: SealTask): Promise<void> {
    const place = task.producer.placeOf(task.seq, task.clicksBefore);
    const isThere = place.producer.find(place.seq) !== undefined;
    // Its file comes back when the power is cut after its removal.
    if (!isThere) {
      const batch = await this.#write(task, place);
      place.producer.add(batch);
      this.#options.onSealed(batch);
    }
    this.#discard(task);
  }

  async #write(task: SealTask, { producer, seq, clicksBefore }: Place): Promise<StoredBatch> {
    const content = await task.load();
    // Nobody else ever wrote under the number that a follower gives it.
    const origin = producer === task.producer ? task.origin : 'sealed';
    const { sealedAtMs } = task;
    return writeBatch(this.#options, producer, { seq, clicksBefore, sealedAtMs, origin }, content);
  }

  /** A file that stays although its batch is there is removed by the next start. */
  #discard(task: SealTask): void {
    try {
      task.discard();
    } catch (error) {
      this.#options.onFailed(error);
    }
  }
}
