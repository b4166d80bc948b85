import type { ConsulTarget } from './consul-target.ts';

// NOTE: an `import` of node:http makes Node load all of its exports, 14 MB more.
const http = process.getBuiltinModule('node:http');

/** No call to Consul takes longer. LiteFS's own have no bound (docs/facts.md, "LiteFS waits for Consul without limit"). */
export const consulTimeoutMs = 2_000;
/** Far more than all keys of a fleet. */
const maxBodyBytes = 1024 * 1024;

/** A call to Consul, with the path and the keys as Consul knows them. */
export interface ConsulCall {
  readonly method: string;
  /** From `/v1/` on, with its query. */
  readonly path: string;
  readonly body?: string | Buffer;
  readonly timeoutMs?: number;
}

/** What Consul said. */
export interface ConsulAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Consul did not answer in time, or not at all. */
export class ConsulSilent extends Error {
  override readonly name = 'ConsulSilent';
  readonly timedOut: boolean;

  constructor(message: string, timedOut: boolean) {
    super(message);
    this.timedOut = timedOut;
  }
}

/** Calls to the real Consul, each with a bound. */
export class ConsulClient {
  readonly #target: ConsulTarget;
  readonly #agent: import('node:http').Agent;
  readonly #request: typeof http.request;
  readonly #nowMs: () => number;
  #answeredAtMs: number | undefined;

  constructor(target: ConsulTarget, nowMs: () => number) {
    this.#target = target;
    this.#nowMs = nowMs;
    const module = target.origin.startsWith('https:')
      ? process.getBuiltinModule('node:https')
      : http;
    this.#agent = new module.Agent({ keepAlive: true, maxSockets: 16, maxFreeSockets: 2 });
    this.#request = module.request;
  }

  /** When Consul last answered anything, monotonic; `undefined` for never. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  /** Rejects with `ConsulSilent`. An answer with an error status is an answer. */
  async call(call: ConsulCall): Promise<ConsulAnswer> {
    const timeoutMs = Math.min(call.timeoutMs ?? consulTimeoutMs, consulTimeoutMs);
    const { promise, resolve, reject } = Promise.withResolvers<ConsulAnswer>();
    const body = call.body === undefined ? undefined : Buffer.from(call.body);
    const outgoing = this.#request(
      `${this.#target.origin}${call.path}`,
      {
        method: call.method,
        agent: this.#agent,
        headers: {
          ...(this.#target.token !== undefined && { 'X-Consul-Token': this.#target.token }),
          'Content-Length': body?.length ?? 0,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes > maxBodyBytes) outgoing.destroy(new Error('the answer is too long'));
        });
        incoming.once('end', () => {
          this.#answeredAtMs = this.#nowMs();
          const { statusCode = 0, headers } = incoming;
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString('utf8') });
        });
        incoming.once('error', reject);
      },
    );
    outgoing.once('error', reject);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      outgoing.destroy(new Error(`no answer within ${Math.ceil(timeoutMs)} ms`));
    }, timeoutMs);
    outgoing.end(body);
    try {
      return await promise;
    } catch (error) {
      throw new ConsulSilent((error as Error).message, timedOut);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends idle connections. */
  close(): void {
    this.#agent.destroy();
  }
}
