/** LiteFS asks once a second. One that has not asked for this long has stopped asking. */
const forgottenAfterMs = 15_000;
/** For how long after a refusal this node tells others how far it is. */
const publicForMs = 5_000;

/** For how long this node has been refused while nobody led. */
export class Refusals {
  readonly #nowMs: () => number;
  #sinceMs: number | undefined;
  #lastMs: number | undefined;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Notes a refusal. */
  refused(): void {
    this.#forgetOld();
    this.#lastMs = this.#nowMs();
    this.#sinceMs ??= this.#lastMs;
  }

  /** Notes that some node leads, so that the time starts anew. */
  led(): void {
    this.#sinceMs = undefined;
    this.#lastMs = undefined;
  }

  /** Since the first refusal, milliseconds; 0 when there was none. */
  forMs(): number {
    this.#forgetOld();
    return this.#sinceMs === undefined ? 0 : this.#nowMs() - this.#sinceMs;
  }

  /** Whether this node wants to lead now and may not. */
  get areRecent(): boolean {
    return this.#lastMs !== undefined && this.#nowMs() - this.#lastMs <= publicForMs;
  }

  #forgetOld(): void {
    if (this.#lastMs !== undefined && this.#nowMs() - this.#lastMs > forgottenAfterMs) this.led();
  }
}
