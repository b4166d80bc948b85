import type { Connection } from './connection.ts';

/**
 * Asks as fast as answers come: on each connection the next request goes out when the answer to the last one is
 * there. Resolves when the time is over, or so many were asked, and all answers are there.
 */
export function askInClosedLoop(
  connections: readonly Connection[],
  options: {
    readonly seconds: number;
    readonly maxRequests: number;
    readonly pick: () => number;
    /** Takes an answer and how long it took. */
    readonly record: (link: number, tookMs: number) => void;
  },
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1000;
  let left = options.maxRequests;
  let asking = connections.length;
  for (const connection of connections) {
    connection.onAnswer = () => {
      const nowMs = performance.now();
      options.record(connection.link, nowMs - connection.waitsSinceMs);
      askNext(connection, nowMs);
    };
    askNext(connection, startMs);
  }
  return promise;

  function askNext(connection: Connection, nowMs: number): void {
    if (nowMs < endMs && left > 0) {
      left -= 1;
      connection.ask(options.pick(), nowMs);
    } else {
      asking -= 1;
      if (asking === 0) resolve();
    }
  }
}
