import { createServer, type RequestListener, type Server } from 'node:http';
import { serverLimits, serverOptions } from './server-options.ts';

/** The bounds of a server; those that are not given are what `serverOptions` and `serverLimits` say. */
export type ServerBounds = {
  readonly [Name in
    | 'maxHeaderSize'
    | 'headersTimeout'
    | 'requestTimeout'
    | 'connectionsCheckingInterval'
    | 'keepAliveTimeout'
    | keyof typeof serverLimits]?: number;
};

/** Creates a server that no slow or greedy client can take for itself. */
export function createBoundedServer(listener: RequestListener, bounds: ServerBounds = {}): Server {
  const {
    maxConnections = serverLimits.maxConnections,
    maxHeadersCount = serverLimits.maxHeadersCount,
    maxRequestsPerSocket = serverLimits.maxRequestsPerSocket,
    ...options
  } = bounds;
  const server = createServer({ ...serverOptions, ...options }, listener);
  return Object.assign(server, { maxConnections, maxHeadersCount, maxRequestsPerSocket });
}
