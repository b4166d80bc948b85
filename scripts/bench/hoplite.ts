import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { projectDir } from '../cluster/programs.ts';
import { asContestant, type StartContestant } from './contestant.ts';
import { findFreePort, ServerProcess } from './server-process.ts';

/** How a Hoplite of the benchmark differs from one that is started without a word. */
export interface HopliteOptions {
  /** How many links it has. */
  readonly links: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Hoplite alone on its machine, as `npm start` starts it, with links and no clicks yet. */
export function startHoplite({ links, env = {} }: HopliteOptions): StartContestant {
  return async ({ linksFolder, signal }) => {
    const dataDir = linksFolder(links);
    const { clicks, storage } = readConfig({ DATA_DIR: dataDir });
    await rm(clicks.spoolDir, { recursive: true, force: true });
    for (const suffix of ['', '-wal', '-shm']) {
      await rm(`${storage.clicksFile}${suffix}`, { force: true });
    }
    const privatePort = await findFreePort();
    const server = await ServerProcess.start({
      commandLine: () => startCommand(),
      cwd: projectDir,
      env: (port) => ({
        DATA_DIR: dataDir,
        PORT: String(port),
        PRIVATE_PORT: String(privatePort),
        WRITES_PER_MINUTE: '1000000000',
        ...env,
      }),
      readyPath: '/readyz',
      signal,
    });
    return asContestant(server);
  };
}

/** The command line of production, with its flags: what `npm start` runs. */
export function startCommand(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8'));
  const words = (scripts.start as string).split(' ');
  return [process.execPath, ...words.slice(words.indexOf('node') + 1)];
}
