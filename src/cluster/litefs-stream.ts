import { get, type IncomingMessage } from 'node:http';

/** How long LiteFS may take to begin its answer. */
const openTimeoutMs = 2000;

/**
 * Opens LiteFS's `/events`, on a connection of its own. The stream has no heartbeat, so TCP keep-alive watches
 * the connection. Rejects when LiteFS does not begin to answer 200 in 2 s; the stream itself has no time-out.
 * Aborting `signal` ends it at any time.
 */
export function openEventStream(litefsUrl: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(`${litefsUrl}/events`, { agent: false, signal });
    const timer = setTimeout(() => {
      request.destroy(new Error('LiteFS does not answer on /events'));
    }, openTimeoutMs);
    request.on('socket', (socket) => socket.setKeepAlive(true, 1000));
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.on('response', (response) => {
      clearTimeout(timer);
      if (response.statusCode === 200) return resolve(response.setEncoding('utf8'));
      response.resume();
      reject(new Error(`LiteFS answered ${response.statusCode} on /events`));
    });
  });
}
