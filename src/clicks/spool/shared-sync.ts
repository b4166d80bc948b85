/** Runs one action for everybody who asks while it waits: who asks during a run gets the next one. */
export class SharedSync {
  readonly #action: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `action` never rejects. */
  constructor(action: () => Promise<void>) {
    this.#action = action;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves after a run that began after this call. */
  request(): Promise<void> {
    if (this.#running === undefined) return this.#run();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#run();
    });
    return this.#next;
  }

  #run(): Promise<void> {
    this.#running = this.#action().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}
