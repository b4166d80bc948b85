import type { Connection } from './connection.ts';

/**
 * Asks at times of its own, as independent visitors do: `perSecond` on average, with exponential gaps.
 *
 * It looks at the clock in every turn of the event loop and sleeps never, for timers are whole milliseconds; that takes a core.
 * How long an answer took counts from the moment its request was due, also when no connection was free or this program
 * was late; so a server that stops is charged with everybody who would have waited meanwhile.
 *
 * With `sleeps` it leaves its core to others, as visitors do who are elsewhere. Requests go out at whole
 * milliseconds then, and answers count from there, so it must not have more requests open than connections.
 *
 * Resolves when the time is over and all answers are there.
 */
export function askAtTimes(
  connections: readonly Connection[],
  options: {
    readonly seconds: number;
    readonly perSecond: number;
    readonly sleeps?: boolean | undefined;
    readonly pick: () => number;
    /** Takes an answer and how long it took. */
    readonly record: (link: number, tookMs: number) => void;
  },
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const meanGapMs = 1000 / options.perSecond;
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1000;
  const free = [...connections];
  let dueMs = startMs;
  for (const connection of connections) {
    connection.onAnswer = () => {
      options.record(connection.link, performance.now() - connection.waitsSinceMs);
      free.push(connection);
    };
  }
  turn();
  return promise;

  function turn(): void {
    const nowMs = performance.now();
    while (dueMs < endMs && dueMs <= nowMs) {
      const connection = free.pop();
      if (connection === undefined) break;
      connection.ask(options.pick(), options.sleeps ? performance.now() : dueMs);
      dueMs -= Math.log(1 - Math.random()) * meanGapMs;
    }
    if (dueMs >= endMs && free.length === connections.length) resolve();
    else if (options.sleeps) setTimeout(turn, 1);
    else setImmediate(turn);
  }
}
