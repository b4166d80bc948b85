import { setTimeout as delay } from 'node:timers/promises';

/** How much longer than the CPU time of a piece of work the rest after it is. */
const restPerWork = 3;
/** What was one long piece is over, and a long rest would mend nothing. */
const longestMs = 100;
/** Timers know nothing shorter. */
const shortestMs = 1;

/** Time as a duty cycle sees it; tests replace it. */
export interface DutyCycleTime {
  /** CPU time of all threads of this process, milliseconds. */
  cpuMs(): number;
  /** Waits while other work of this process goes on. */
  sleep(ms: number): Promise<unknown>;
  /** Waits, and nothing of this thread goes on. */
  block(ms: number): void;
}

const ownTime: DutyCycleTime = {
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  sleep: (ms) => delay(ms),
  block: (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
};

/**
 * Has this process work for a quarter of the time, in pieces: one that copies and compresses pushes what redirects need out of
 * the caches that all cores share, which no priority prevents (docs/performance.md, "While a backup is made"). The CPU time
 * counts, so that waiting for a disk or a network is a rest too.
 */
export class DutyCycle {
  readonly #time: DutyCycleTime;
  #restedAtCpuMs: number;

  constructor(time: DutyCycleTime = ownTime) {
    this.#time = time;
    this.#restedAtCpuMs = time.cpuMs();
  }

  /** Waits after a piece of work, for at most 100 ms. */
  async rest(): Promise<void> {
    const ms = this.#findRestMs();
    if (ms < shortestMs) return;
    await this.#time.sleep(ms);
    this.#restedAtCpuMs = this.#time.cpuMs();
  }

  /** The same where nothing can be awaited. */
  restHere(): void {
    const ms = this.#findRestMs();
    if (ms < shortestMs) return;
    this.#time.block(ms);
    this.#restedAtCpuMs = this.#time.cpuMs();
  }

  #findRestMs(): number {
    return Math.min((this.#time.cpuMs() - this.#restedAtCpuMs) * restPerWork, longestMs);
  }
}
