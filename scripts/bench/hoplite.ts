import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { findFreePort } from '../../test/support/free-port.ts';
import { projectDir } from '../cluster/programs.ts';
import { asContestant, type StartContestant } from './contestant.ts';
import { createHopliteCounting } from './hoplite-counting.ts';
import type { Core } from './pinned.ts';
import { ServerProcess } from './server-process.ts';

/** How a Hoplite of the benchmark differs from one that is started without a word. */
export interface HopliteOptions {
  /** How many links it has. */
  readonly links: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Hoplite alone on its machine, with links and no clicks yet. */
export function startHoplite({ links, env = {} }: HopliteOptions): StartContestant {
  return async ({ linksFolder, signal }) => {
    const dataDir = linksFolder(links);
    const { clicks, storage } = readConfig({ DATA_DIR: dataDir });
    await rm(clicks.spoolDir, { recursive: true, force: true });
    for (const suffix of ['', '-wal', '-shm']) {
      await rm(`${storage.clicksFile}${suffix}`, { force: true });
    }
    const privatePort = await findFreePort();
    const server = await startHopliteProcess({
      privatePort,
      env: { DATA_DIR: dataDir, ...env },
      signal,
    });
    return asContestant(
      server,
      createHopliteCounting({
        origin: server.origin,
        privateOrigin: `http://127.0.0.1:${privatePort}`,
        clicksFile: storage.clicksFile,
        signal,
      }),
    );
  };
}

/** Starts Hoplite as `npm start` does, and waits until it redirects. */
export async function startHopliteProcess(options: {
  readonly privatePort: number;
  readonly env: Readonly<Record<string, string>>;
  readonly core?: Core;
  readonly signal: AbortSignal;
}): Promise<ServerProcess> {
  const port = await findFreePort();
  return await ServerProcess.start({
    ...options,
    port,
    commandLine: startCommand(),
    cwd: projectDir,
    env: {
      PORT: String(port),
      PRIVATE_PORT: String(options.privatePort),
      WRITES_PER_MINUTE: '1000000000',
      ...options.env,
    },
    readyPath: '/readyz',
  });
}

/** The command line of production, with its flags: what `npm start` runs. */
function startCommand(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8'));
  const [, ...words] = (scripts.start as string).split(' ');
  return words.map((word) => (word === 'node' ? process.execPath : word));
}
