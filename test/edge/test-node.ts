import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EdgeNode } from '../../scripts/edge/edge-node.ts';

/** A request as a node saw it. The body is what came before the end or the abort. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly connection: Socket;
  body: Buffer;
  /** How the body came to its end. */
  end: 'open' | 'complete' | 'aborted';
}

/** What a node does with a request. Its body is recorded whether or not the handler looks at it. */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: SeenRequest,
) => unknown;

/** A real HTTP server that plays a node: health checks are answered apart, all other requests recorded. */
export class TestNode implements EdgeNode, AsyncDisposable {
  readonly id: string;
  readonly region: string;
  readonly app?: string;
  readonly seen: SeenRequest[] = [];
  /** The status of `/healthz`. */
  health = 200;
  healthChecks = 0;
  handler: Handler;
  upgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
  #server: Server | undefined;
  #port = 0;

  private constructor(id: string, region: string, handler: Handler, app: string | undefined) {
    this.id = id;
    this.region = region;
    this.handler = handler;
    if (app !== undefined) this.app = app;
  }

  /** Starts a node that answers 200 with its id, or as the handler says. */
  static async start(id: string, region: string, handler?: Handler, app?: string) {
    const answerId: Handler = (_request, response) => response.end(id);
    const node = new TestNode(id, region, handler ?? answerId, app);
    await node.listen();
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the same port as before when there was one. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => this.#take(request, response));
    server.on('upgrade', (request, socket, head) => {
      if (this.upgrade === undefined) socket.destroy();
      else this.upgrade(request, socket, head);
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Goes away: the port is closed and every connection broken. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === '/healthz') {
      this.healthChecks++;
      response.writeHead(this.health).end();
      return;
    }
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      connection: request.socket,
      body: Buffer.alloc(0),
      end: 'open',
    };
    this.seen.push(seen);
    request.on('data', (chunk: Buffer) => {
      seen.body = Buffer.concat([seen.body, chunk]);
    });
    request.on('error', () => undefined);
    request.on('end', () => {
      seen.end = 'complete';
    });
    // Node tells a request nothing of its connection once the answer is out.
    request.socket.on('close', () => {
      if (seen.end === 'open') seen.end = 'aborted';
    });
    this.handler(request, response, seen);
  }
}

/** A handler that answers with a replay: an empty 409, as Hoplite's own nodes do. */
export function replaying(instruction: string): Handler {
  return (_request, response) => response.writeHead(409, { 'fly-replay': instruction }).end();
}
