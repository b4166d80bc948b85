import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/**
 * Hands requests to `listener` one in each turn of the event loop, in their order. Many that come together would be
 * handled in one go otherwise, a millisecond each, and redirects wait for the end of it: so they wait for one.
 */
export function oneATurn(listener: RequestListener): RequestListener {
  const waiting: (readonly [IncomingMessage, ServerResponse])[] = [];

  function next(): void {
    const first = waiting.shift();
    if (waiting.length > 0) setImmediate(next);
    // A listener would wait for the body of a client that has gone.
    if (first !== undefined && !first[0].socket.destroyed) listener(...first);
  }

  return (request, response) => {
    if (waiting.push([request, response as ServerResponse]) === 1) setImmediate(next);
  };
}
