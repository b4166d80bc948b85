import { setTimeout as delay } from 'node:timers/promises';

/** Leaves the processor to the others between two turns. */
const pauseMs = 5;

/** Something that is done over and over while a test does other things. */
export interface SteadyLoad extends AsyncDisposable {
  /** How often each outcome was seen so far. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Ends it once what is under way has its outcome. */
  stop(): Promise<Readonly<Record<string, number>>>;
}

/** Calls `once` again and again, and counts what it resolves to, or the error it rejects with. */
export function startSteadyLoad(once: () => Promise<string>): SteadyLoad {
  const outcomes = new Map<string, number>();
  let stopped = false;
  const run = async () => {
    while (!stopped) {
      const outcome = await once().catch(describeError);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await delay(pauseMs);
    }
  };
  const running = run();
  const stop = async () => {
    stopped = true;
    await running;
    return Object.fromEntries(outcomes);
  };
  return {
    outcomes,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

function describeError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause}` : '';
  return `${error}${cause}`;
}
