import { createConnection, type Socket } from 'node:net';
import { type EdgeClock, wait } from './edge-clock.ts';
import type { NodeView } from './edge-node.ts';
import { cross, type Link } from './link.ts';

/** A connection to a node, or why there is none. Nothing of a request has been sent in either case. */
export type Connection =
  | { readonly is: 'connected'; readonly socket: Socket }
  | { readonly is: 'refused' }
  | { readonly is: 'timed out' };

/**
 * Tries once to connect to a node over a link, for at most `limitMs` milliseconds. The request travels
 * along with the connection, as on a link that is kept warm: reaching the node costs one way, and the news
 * that it refuses costs the way back too. Rejects with the signal's reason when that aborts.
 */
export async function connect(
  node: NodeView,
  link: Link,
  clock: EdgeClock,
  limitMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const limit = new AbortController();
  const cancel = clock.after(limitMs, () => limit.abort());
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    await cross(link, clock, either);
    const socket = link.state() === 'open' ? await open(node, either) : undefined;
    if (socket !== undefined) return { is: 'connected', socket };
    await wait(clock, link.oneWayMs(), either);
    return { is: 'refused' };
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.signal.aborted) throw error;
    return { is: 'timed out' };
  } finally {
    cancel();
  }
}

/** Resolves to `undefined` when the system says that nobody is there. */
function open(node: NodeView, signal: AbortSignal): Promise<Socket | undefined> {
  const { hostname, port } = new URL(node.url);
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 80 : Number(port),
      noDelay: true,
    });
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
    const refuse = () => {
      signal.removeEventListener('abort', abort);
      resolve(undefined);
    };
    // It stays for the life of the socket, so that no later error is without a listener.
    socket.on('error', refuse);
    signal.addEventListener('abort', abort, { once: true });
  });
}
