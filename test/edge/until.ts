import { vi } from 'vitest';

/** Resolves once `holds` is true; fails the test when it never is. */
export async function until(holds: () => boolean): Promise<void> {
  await vi.waitFor(
    () => {
      if (!holds()) throw new Error(`never came true: ${holds}`);
    },
    { timeout: 10_000, interval: 2 },
  );
}
