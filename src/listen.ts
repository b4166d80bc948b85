import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Failure } from './domain/failure.ts';

/**
 * A listening server. Disposing refuses new connections, ends idle ones and waits for requests under way; a
 * connection in use ends with its next answer, and what takes too long is cut.
 */
export interface Listening extends AsyncDisposable {
  /** Origin, with the port that was really taken. */
  readonly url: string;
}

/** How long requests under way may take once their server closes, milliseconds. */
const defaultFinishWithinMs = 4_000;
/** How often a server that closes ends the connections that have become idle, milliseconds. */
const closeIdleEveryMs = 50;

/** What a person takes a code for. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the name is not known',
};

/** Starts to listen. Rejects with a `Failure` that says so when the address cannot be had. */
export async function listen(
  server: Server,
  options: {
    readonly host: string;
    readonly port: number;
    readonly variable: string;
    readonly finishWithinMs?: number;
  },
): Promise<Listening> {
  const { host, port, variable, finishWithinMs = defaultFinishWithinMs } = options;
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = `cannot listen on ${host} port ${port} (${variable}): ${reasons[code] ?? message}`;
    throw new Failure('unavailable', why, {}, error);
  }
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    [Symbol.asyncDispose]: () => close(server, finishWithinMs),
  };
}

async function close(server: Server, finishWithinMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // Before all other listeners, so that they already see that this answer is the last of its connection.
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  const closeIdle = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
  const cut = setTimeout(() => server.closeAllConnections(), finishWithinMs);
  await closed;
  clearInterval(closeIdle);
  clearTimeout(cut);
}
