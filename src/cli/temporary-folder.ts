import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder among those of the system for temporary files, gone with all in it when disposed. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** From now on a signal leaves the folder to whoever disposes it. */
  leaveSignals(): void;
}

/** Makes one. Until a signal is waited for, one ends the process as it always does, without the folder. */
export function makeTemporaryFolder(name: string): TemporaryFolder {
  // Not asynchronously: a signal in between would leave it.
  const path = mkdtempSync(join(tmpdir(), `${name}-`));
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  const leaveSignals = () => {
    for (const signal of signals) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals) => {
    leaveSignals();
    try {
      removeNow(path);
    } finally {
      process.kill(process.pid, signal);
    }
  };
  for (const signal of signals) process.on(signal, end);
  return {
    path,
    leaveSignals,
    async [Symbol.asyncDispose]() {
      leaveSignals();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Removes a folder in which other threads may still end what they had begun: nothing new is begun while this waits. */
function removeNow(path: string): void {
  const removing = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 } as const;
  rmSync(path, removing);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  rmSync(path, removing);
}
