import {
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pino } from 'pino';
import { createFleetAuth, type FleetAuth } from '../../src/cluster/fleet-auth.ts';
import { deriveKeys } from '../../src/cluster/fleet-key.ts';
import {
  createPrimaryRoute,
  type PassContext,
  type PrimaryRoute,
  type PrimaryRouteOptions,
} from '../../src/cluster/primary-route.ts';
import { Failure } from '../../src/domain/failure.ts';
import { fakeClock } from './fake-clock.ts';
import { FakeCluster } from './fake-cluster.ts';
import { type ListeningServer, listen } from './listen.ts';
import { seededRandom } from './seeded-random.ts';

const secret = 'a secret of the fleet with 32 characters';

/** What a client got. */
export interface RouteAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What came in at the primary's private port, with its body read. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly verdict: ReturnType<FleetAuth['verify']>;
}

/** A replica that has the primary answer everything, and that primary's private port. */
export class RouteBench implements AsyncDisposable {
  readonly replayStateKeys = deriveKeys([secret], 'replay-state');
  readonly cluster = new FakeCluster({ is: 'replica', primary: 'p' });
  readonly primaryClock = fakeClock();
  readonly arrived: Arrived[] = [];
  /** What the primary does with a request whose signature is right. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** What the replica knows about its requests besides a client's address. */
  context: Partial<PassContext> = {};
  /** What the replica logged. */
  readonly warnings: { readonly msg: string }[] = [];
  /** How many requests the replica is done with. */
  settled = 0;
  readonly #auth: FleetAuth;
  readonly #servers: ListeningServer[] = [];
  #route: PrimaryRoute | undefined;
  #replicaUrl = '';

  private constructor() {
    const { primaryClock: clock } = this;
    this.#auth = createFleetAuth({
      secrets: [secret],
      node: 'p',
      clock,
      random: seededRandom('p'),
    });
    this.primaryClock.advance(3_600_000);
    this.answer = (_, response) => response.end('written');
    this.use('forward');
  }

  static async start(): Promise<RouteBench> {
    const bench = new RouteBench();
    const primaryUrl = await bench.#listen((request, response) =>
      bench.#receive(request, response),
    );
    bench.cluster.privateUrls = (node) => (node === 'p' ? primaryUrl : undefined);
    bench.#replicaUrl = await bench.#listen((request, response) => bench.#pass(request, response));
    return bench;
  }

  /** Origin of the replica's public port. */
  get url(): URL {
    return new URL(this.#replicaUrl);
  }

  /** The primary's private port. */
  get primary(): ListeningServer['server'] | undefined {
    return this.#servers[0]?.server;
  }

  /** Puts the replica behind Fly's edge or elsewhere. */
  use(mode: 'fly' | 'forward', options: Partial<PrimaryRouteOptions> = {}): void {
    const clock = fakeClock(this.primaryClock.now());
    this.#route = createPrimaryRoute({
      cluster: this.cluster,
      mode,
      replayMaxBytes: 1000,
      auth: createFleetAuth({ secrets: [secret], node: 'me', clock, random: seededRandom('me') }),
      replayStateKeys: this.replayStateKeys,
      clock,
      log: pino({ level: 'warn' }, { write: (line) => this.warnings.push(JSON.parse(line)) }),
      limits: { connectTimeoutMs: 150, idleTimeoutMs: 300 },
      ...options,
    });
  }

  /** Sends a request to the replica, a POST unless `options` say otherwise. */
  post(
    path = '/api/v1/links',
    options: RequestOptions & { body?: string | Buffer } = { body: 'body' },
  ): Promise<RouteAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<RouteAnswer>();
    const { body, ...rest } = options;
    const request = sendRequest(this.url, { method: 'POST', path, agent: false, ...rest });
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      buffer(response).then((bytes) => resolve({ status, headers, body: String(bytes) }), reject);
    });
    request.end(body);
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }

  async #listen(
    listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): Promise<string> {
    const server = await listen((request, response) => void listener(request, response));
    this.#servers.push(server);
    return `http://127.0.0.1:${server.port}`;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const verdict = this.#auth.verify({ method, path: url, headers }, 'unsigned');
    if (!verdict.ok) {
      this.arrived.push({ method, url, headers, body: Buffer.alloc(0), verdict });
      response.writeHead(401, verdict.headers).end();
      return;
    }
    const body = await buffer(request).catch(() => Buffer.from('broken off'));
    this.arrived.push({ method, url, headers, body, verdict });
    this.answer(request, response);
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Request-Id', 'id-of-the-replica');
    try {
      await this.#route?.pass(request, response, {
        clientAddress: '192.0.2.7',
        arrivedAt: 'public',
        caller: 'client',
        ...this.context,
      });
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure('internal', String(error));
      response.statusCode = failure.kind === 'unavailable' ? 503 : 500;
      if (failure.details.retryAfterS !== undefined) {
        response.setHeader('Retry-After', failure.details.retryAfterS);
      }
      response.end(failure.message);
    } finally {
      this.settled += 1;
    }
  }
}
