import { setTimeout as delay } from 'node:timers/promises';
import { ClusterFailure } from './cluster-failure.ts';

const pauseMs = 25;

/**
 * Asks `condition` again and again until it gives something other than `undefined` or `false`, and resolves to that.
 *
 * Throws a `ClusterFailure` that ends in `what` after `timeoutMs`, the reason of `signal` when that aborts, and whatever
 * `condition` throws.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { readonly what: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const value = await condition();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (performance.now() > deadline) {
      throw new ClusterFailure(
        `After ${Math.round(options.timeoutMs / 1000)} s there was still no sign that ${options.what}.`,
      );
    }
    await delay(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}
