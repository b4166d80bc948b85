/** Remembers nonces for a while, so that none is taken twice. */
export interface NonceMemory {
  /**
   * Takes a nonce: `new` when it was not taken within the last `lifeMs`, `repeated` when it was, `full` when no more can
   * be remembered. A full memory takes nothing rather than forget early. `nowMs` is monotonic.
   */
  take(nonce: string, nowMs: number): 'new' | 'repeated' | 'full';
}

/** Makes an empty memory. */
export function createNonceMemory(limits: {
  readonly lifeMs: number;
  readonly maxNonces: number;
}): NonceMemory {
  // A Map keeps the order of insertion, so the oldest come first.
  const takenAtMs = new Map<string, number>();

  return {
    take(nonce, nowMs) {
      for (const [old, atMs] of takenAtMs) {
        if (nowMs - atMs < limits.lifeMs) break;
        takenAtMs.delete(old);
      }
      if (takenAtMs.has(nonce)) return 'repeated';
      if (takenAtMs.size >= limits.maxNonces) return 'full';
      takenAtMs.set(nonce, nowMs);
      return 'new';
    },
  };
}
