import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { findFreePort } from './free-port.ts';

/** A whole Hoplite, alone, in a folder of its own. */
export interface RunningApp extends AsyncDisposable {
  readonly app: App;
  /** `http://localhost:PORT`, which is also its `BASE_URL`. */
  readonly baseUrl: string;
  readonly dataDir: string;
}

/** Starts a whole Hoplite with what `env` says besides folder and ports. */
export async function runApp(env: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hoplite-app-'));
  const port = await findFreePort();
  const privatePort = await findFreePort();
  const app = await startApp(
    readConfig({
      PORT: String(port),
      PRIVATE_PORT: String(privatePort),
      DATA_DIR: dataDir,
      LOG_LEVEL: 'silent',
      ...env,
    }),
  );
  return {
    app,
    baseUrl: `http://localhost:${port}`,
    dataDir,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
