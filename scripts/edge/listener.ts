import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Client, httpClient, upgradeClient } from './client.ts';
import { clientTarget } from './client-target.ts';
import type { Message } from './deliver.ts';
import { runExchange } from './exchange.ts';
import { inboundHeaders } from './inbound-headers.ts';
import { toRawHeaders, withHeaders } from './raw-headers.ts';
import type { EdgeParts } from './reach.ts';
import { RequestBody } from './request-body.ts';

/** Where a listener of an edge binds; port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Idle connections of clients outlive the pools of common clients, so that none is closed in use. */
const keepAliveTimeoutMs = 65_000;

/** The edge of one region: takes the requests of clients near it. */
export class Listener {
  readonly region: string;
  readonly #parts: EdgeParts;
  readonly #server: Server;
  readonly #upgraded = new Set<Duplex>();
  /** The last request of each connection, while it waits for its answer. */
  readonly #unanswered = new WeakMap<Duplex, ServerResponse>();

  constructor(region: string, parts: EdgeParts) {
    this.region = region;
    this.#parts = parts;
    this.#server = createServer(
      {
        keepAliveTimeout: keepAliveTimeoutMs,
        // An upgrade takes the socket away from Node, and with it the body and the turn of earlier requests
        // that still wait for an answer; with either, the request stays an ordinary one.
        shouldUpgradeCallback: (request) =>
          !hasBody(request) && !this.#unanswered.has(request.socket),
      },
      (request, response) => {
        const requestId = this.#newRequestId();
        const gone = new AbortController();
        // A client may leave in the middle of its upload when it has its answer; the request tells nothing then.
        const leave = () => gone.abort();
        request.socket.once('close', leave);
        request.once('end', () => request.socket.off('close', leave));
        this.#unanswered.set(request.socket, response);
        response.once('close', () => {
          if (!response.writableFinished) gone.abort();
          if (this.#unanswered.get(request.socket) === response) {
            this.#unanswered.delete(request.socket);
          }
        });
        this.#run(
          request,
          httpClient(request, response, requestId),
          requestId,
          gone.signal,
          undefined,
        );
      },
    );
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const requestId = this.#newRequestId();
      const gone = new AbortController();
      this.#upgraded.add(socket);
      socket.once('close', () => {
        this.#upgraded.delete(socket);
        gone.abort();
      });
      socket.on('error', () => undefined);
      if (head.length > 0) socket.unshift(head);
      const client = upgradeClient(request, socket, requestId);
      this.#run(request, client, requestId, gone.signal, request.headers.upgrade);
    });
  }

  /** Begins to listen and resolves to the origin, such as `http://127.0.0.1:40123`. */
  async listen({ host, port }: ListenAddress): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen(port, host, resolve);
    await promise;
    const bound = this.#address();
    const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
    return `http://${name}:${bound.port}`;
  }

  /** Closes the port and breaks off what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
  }

  #run(
    request: IncomingMessage,
    client: Client,
    requestId: string,
    signal: AbortSignal,
    upgrade: string | undefined,
  ): void {
    const { knobs, counters, inventory, clock } = this.#parts;
    const { port } = this.#address();
    counters.countRequest();
    const { path, authority } = splitTarget(request.url ?? '/');
    const received = toRawHeaders(request.rawHeaders);
    // A client of HTTP/1.0 may name no host; a node, which is spoken to in 1.1, must have one.
    const host = authority ?? request.headers.host ?? `${request.socket.localAddress}:${port}`;
    const headers =
      host === request.headers.host ? received : withHeaders(received, [['Host', host]]);
    const arrival = {
      region: this.region,
      clientAddress: request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown',
      port,
      requestId,
      receivedMs: clock.now(),
      httpVersion: request.httpVersion,
    };
    const message: Message = {
      method: request.method ?? 'GET',
      path,
      headers: inboundHeaders(headers, arrival, knobs),
      upgrade,
    };
    void runExchange(this.#parts, {
      region: this.region,
      requestId,
      target: clientTarget(headers, inventory.app),
      message,
      body: new RequestBody(request, knobs.bodyLimitBytes),
      client,
      signal,
    });
  }

  #newRequestId(): string {
    return `${randomUUID()}-${this.region}`;
  }

  #address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** A client may name the host in the request line (RFC 9112 section 3.2.2); a node gets it in `Host`. */
function splitTarget(target: string): { path: string; authority?: string } {
  const [, authority, path] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target) ?? [];
  if (authority === undefined || path === undefined) return { path: target };
  return { authority, path: path.startsWith('/') ? path : `/${path}` };
}
