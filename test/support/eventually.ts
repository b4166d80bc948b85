import { vi } from 'vitest';

/** Waits until `check` no longer throws, looking often; fails with its last error after 4 s. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 4000, interval: 5 });
}
