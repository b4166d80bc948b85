/** npm passes on the Ctrl-C that the terminal has sent to this process too; that is not a second one. */
const sameInterruptMs = 500;

/** That someone wants this process to end: `stop` aborts at the first signal, `now` at one that comes later. */
export interface Interrupts {
  readonly stop: AbortSignal;
  readonly now: AbortSignal;
}

/** Takes the signals that ask this process to end, and a closed output for the first one. */
export function takeInterrupts(): Interrupts {
  const stop = new AbortController();
  const now = new AbortController();
  let firstAtMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      firstAtMs ??= performance.now();
      stop.abort();
      if (performance.now() - firstAtMs > sameInterruptMs) now.abort();
    });
  }
  // Nobody reads any more, as after `npm run cluster | head`.
  process.stdout.on('error', () => stop.abort());
  return { stop: stop.signal, now: now.signal };
}
