import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that is longer is cut here, milliseconds: redirects come in between. */
const sliceMs = 1;

/** Measures out work to the turns of the event loop. */
export class TurnSlices {
  #startedMs = performance.now();

  /** To be awaited after each small piece of work: goes on at once, or in the next turn when this one was used up. */
  async pause(): Promise<void> {
    if (performance.now() - this.#startedMs < sliceMs) return;
    await nextTurn();
    this.#startedMs = performance.now();
  }
}
