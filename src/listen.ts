import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A listening server. Disposing refuses new connections, ends idle ones and waits for requests under way. */
export interface Listening extends AsyncDisposable {
  /** Origin, with the port that was really taken. */
  readonly url: string;
}

/** Starts to listen. Rejects with a sentence when the address cannot be had. */
export async function listen(
  server: Server,
  {
    host,
    port,
    variable,
  }: { readonly host: string; readonly port: number; readonly variable: string },
): Promise<Listening> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Error(`cannot listen on ${host} port ${port} (${variable})`, { cause: error });
  }
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}
