import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the guard says on `/guard/lease`. */
export function guardAnswer(changes: object = {}): object {
  return {
    node: 'me',
    candidate: true,
    place: 1,
    lease: { holder: 'me', isOurs: true, renewedMsAgo: 1200 },
    consul: { answeredMsAgo: 300 },
    candidates: [
      { node: 'me', litefsUrl: 'http://127.0.0.1:20202', place: 1 },
      { node: 'other', litefsUrl: 'http://127.0.0.2:20202', place: 2 },
    ],
    mark: { epoch: 3, txid: '00000000000000aa', node: 'me' },
    litefs: { pid: 123, answeredMsAgo: 100 },
    ...changes,
  };
}

/** An HTTP server that plays the guard of this machine. */
export class FakeGuard implements AsyncDisposable {
  readonly url: string;
  /** What `/guard/lease` says. */
  says: unknown = guardAnswer();
  /** Whether it answers at all. */
  isHanging = false;
  /** How often it was asked for the lease. */
  asked = 0;
  /** What it was told, in order. */
  readonly told: unknown[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<FakeGuard> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakeGuard(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url } = request;
    if (method === 'PUT' && url === '/guard/progress') {
      this.told.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
      if (!this.isHanging) response.writeHead(204).end();
      return;
    }
    this.asked += 1;
    if (this.isHanging) return;
    response.setHeader('content-type', 'application/json');
    response.end(typeof this.says === 'string' ? this.says : JSON.stringify(this.says));
  }
}
