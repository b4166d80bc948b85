import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.ts';

/** A server on a free port of 127.0.0.1. Disposing it cuts its connections. */
export interface ListeningServer extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
}

/** Listens on a free port of loopback; with a certificate, for HTTPS. */
export async function listen(
  listener: RequestListener,
  certificate?: Certificate,
): Promise<ListeningServer> {
  const server: Server =
    certificate === undefined
      ? createServer(listener)
      : createTlsServer({ cert: certificate.pem, key: certificate.key }, listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]() {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
