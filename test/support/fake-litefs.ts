import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Position } from '../../src/domain/position.ts';

/** The lease as LiteFS's HTTP API tells it. */
export interface FakeLease {
  readonly isPrimary: boolean;
  readonly hostname?: string;
  /** In `/info` alone. */
  readonly clusterID?: string;
}

/** An HTTP server that plays LiteFS's `/events`, `/info` and `/export`, with knobs for everything that can go wrong there. */
export class FakeLiteFs implements AsyncDisposable {
  readonly url: string;
  /** What `/info` says; unless changed alone, the same as the last event. */
  info: FakeLease;
  /** The status of `/info`, or `hang` to leave it without an answer. */
  infoAnswer: number | 'hang' = 200;
  /** How many streams were opened so far. */
  opened = 0;
  /** How often `/info` was asked. */
  infoAsked = 0;
  /** What `init` says when that differs from `/info`. */
  initSays: FakeLease | undefined;
  /** Whether a stream begins with `init`, as LiteFS's do. */
  saysInit = true;
  /** What `/export` answers, by the name of the database. */
  readonly exports = new Map<string, Uint8Array>();
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();

  private constructor(server: Server, url: string, lease: FakeLease) {
    this.#server = server;
    this.url = url;
    this.info = lease;
  }

  static async start(lease: FakeLease, port = 0): Promise<FakeLiteFs> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const fake = new FakeLiteFs(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      lease,
    );
    server.on('request', (request, response) => fake.#answer(request.url ?? '', response));
    return fake;
  }

  /** How many streams are open now. */
  get streams(): number {
    return this.#streams.size;
  }

  /** The lease moves: `/info` and every stream say so. */
  setLease(lease: FakeLease): void {
    this.info = lease;
    this.say({ type: 'primaryChange', data: lease });
  }

  /** A transaction was committed here or replicated to here. */
  commit(position: Position, database = 'links.db'): void {
    this.say({
      type: 'tx',
      db: database,
      data: {
        txID: position.txid,
        postApplyChecksum: position.checksum,
        pageSize: 4096,
        commit: 2,
        timestamp: '2026-01-01T00:00:00Z',
      },
    });
  }

  say(event: unknown): void {
    this.write(`${JSON.stringify(event)}\n`);
  }

  /** Writes text as it is to every stream. */
  write(text: string): void {
    for (const stream of this.#streams) stream.write(text);
  }

  /** Ends every stream; new ones can be opened. */
  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  /** LiteFS dies: nothing answers any more. */
  async die(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.die();
  }

  #answer(path: string, response: ServerResponse): void {
    if (path === '/info') {
      this.infoAsked += 1;
      if (this.infoAnswer === 'hang') return;
      const hostname = this.info.isPrimary ? 'self' : (this.info.hostname ?? '');
      response.statusCode = this.infoAnswer;
      response.end(
        JSON.stringify({
          isPrimary: this.info.isPrimary,
          candidate: true,
          path: '/',
          primary: { hostname },
          clusterID: this.info.clusterID,
        }),
      );
      return;
    }
    const exported = /^\/export\?name=(.+)$/.exec(path)?.[1];
    if (exported !== undefined) {
      const bytes = this.exports.get(exported);
      response.statusCode = bytes === undefined ? 404 : 200;
      response.end(bytes ?? 'database not found');
      return;
    }
    this.opened += 1;
    response.setHeader('content-type', 'application/json');
    response.flushHeaders();
    if (this.saysInit)
      response.write(`${JSON.stringify({ type: 'init', data: this.initSays ?? this.info })}\n`);
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }
}
