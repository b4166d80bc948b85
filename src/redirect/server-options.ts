import type { ServerOptions } from 'node:http';

/**
 * How a `node:http` server is created, for `createServer`: what a slow or greedy client may take. A test meets
 * each of the bounds, and the README tells of them.
 *
 * `optimizeEmptyRequests` makes requests without `Content-Length` and `Transfer-Encoding` come with their body
 * already ended. Such a request emits neither `end` nor `close`: who forwards one asks `readableEnded` or pipes
 * it, and who waits for a client to go away listens to the response.
 */
export const serverOptions = {
  /** No stream is set up for a body that is not there: saves a tenth of a redirect. */
  optimizeEmptyRequests: true,
  /**
   * A destination of 8,192 characters can take three times as many in the query of a one-line client. Sixteen
   * KiB, Node's own bound, is less than that.
   */
  maxHeaderSize: 32 * 1024,
  /**
   * From the connection, and later from the first byte of a request, to the end of its head. Slow heads, and
   * connections that say nothing, hold one no longer.
   */
  headersTimeout: 10_000,
  /** From the first byte of a request to the end of its body, which has at most 1 MB. */
  requestTimeout: 30_000,
  /** How often the two above are looked at; Node's own 30 s would make 40 s of the first. */
  connectionsCheckingInterval: 2_000,
  /**
   * An unused connection stays longer than the 60 s that proxies commonly keep theirs, so that they close first
   * and no request meets a connection that is closing. Node adds a second to what it tells the client.
   */
  keepAliveTimeout: 65_000,
  /** Finds clients that went away without a word, milliseconds. */
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  /** Strict, whatever `NODE_OPTIONS` says: leniency is how requests are smuggled (RFC 9112 section 11.2). */
  insecureHTTPParser: false,
} as const satisfies ServerOptions;

/** Bounds that `node:http` takes as properties of a server. */
export const serverLimits = {
  /** An open connection takes 14 KB of this process; further ones are closed at once. `MAX_CONNECTIONS`. */
  maxConnections: 10_000,
  /** A request with more headers is refused with 431. */
  maxHeadersCount: 100,
  /**
   * No bound: a proxy sends the requests of many clients over few connections, and would meet one that closes in
   * the middle of them. A client gains nothing by one connection rather than two.
   */
  maxRequestsPerSocket: 0,
} as const;
