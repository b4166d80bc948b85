import { afterLook, isDeaf, type Liveness, unknownLiveness } from './liveness.ts';
import { pause } from './watch.ts';

const http = process.getBuiltinModule('node:http');

const everyMs = 500;
const answerWithinMs = 1_000;

/** Asks LiteFS's `/info` again and again, and says so when it hangs. */
export class LiteFsWatchdog {
  readonly #url: string;
  readonly #nowMs: () => number;
  readonly #closing = new AbortController();
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  #liveness: Liveness;

  /** `nowMs` is monotonic. */
  constructor(litefsUrl: string, nowMs: () => number) {
    this.#url = `${litefsUrl}/info`;
    this.#nowMs = nowMs;
    this.#liveness = unknownLiveness(nowMs());
  }

  /** When LiteFS last answered, monotonic. */
  get answeredAtMs(): number | undefined {
    return this.#liveness.answeredAtMs;
  }

  /** Resolves to true when LiteFS hangs, to false when `close` was called. */
  async waitUntilDeaf(): Promise<boolean> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const answered = await this.#ask();
      if (signal.aborted) return false;
      const atMs = this.#nowMs();
      const longest = everyMs + (answered ? 0 : answerWithinMs);
      this.#liveness = afterLook(this.#liveness, { atMs, everyMs: longest, answered });
      if (isDeaf(this.#liveness, atMs)) return true;
      await pause(everyMs, signal);
    }
    return false;
  }

  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async #ask(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const outgoing = http.get(
      this.#url,
      { agent: this.#agent, signal: this.#closing.signal },
      (incoming) => {
        incoming.resume();
        incoming.once('end', () => resolve(incoming.statusCode === 200));
        incoming.once('error', () => resolve(false));
      },
    );
    outgoing.once('error', () => resolve(false));
    const timer = setTimeout(() => outgoing.destroy(), answerWithinMs);
    const answered = await promise;
    clearTimeout(timer);
    return answered;
  }
}
