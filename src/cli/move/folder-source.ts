import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { App } from '../../app.ts';
import { writingInto } from '../../backup/full-disk.ts';
import { expectRoom } from '../../backup/scratch-folder.ts';
import type { Config } from '../../config.ts';
import { databaseNames } from '../../domain/database-name.ts';
import { Failure } from '../../domain/failure.ts';
import { FileCopier } from '../../storage/file-copier.ts';
import { sizeOfFiles } from '../../storage/file-sizes.ts';
import { aloneIn } from '../alone-in.ts';
import type { RestoreSource } from '../backup/restore-source.ts';
import { Refusal } from '../refusal.ts';

const lookEveryMs = 200;
/** So long without one click less, and something is wrong. */
const stuckAfterMs = 60_000;

const told = z.object({ clicks: z.object({ unconfirmed: z.int() }) });

/**
 * The folder of a machine that was ended. The clicks that it has kept and not counted are counted first, by the app itself,
 * which nobody but this process reaches: so nothing of them stays behind. The folder of the node itself is not drained: its
 * spool stays where it is, and goes on in the fleet.
 */
export async function openFolderSource(config: Config, folder: string): Promise<RestoreSource> {
  const files = { links: join(folder, 'links.db'), clicks: join(folder, 'clicks.db') };
  if (!existsSync(files.links)) {
    throw new Refusal(`${folder} is no DATA_DIR of a machine: there is no links.db in it`);
  }
  if (folder !== config.storage.dataDir) await drain(config, folder);
  else if (config.fleet === undefined) throw new Refusal(`this machine works in ${folder} already`);
  return {
    async unpackInto(target) {
      await expectRoom(target, sizeOfFiles(...Object.values(files)));
      const whole = new AbortController().signal;
      await writingInto(target, () => new FileCopier(files).copyInto(target, databaseNames, whole));
      return { words: `what the machine in ${folder} has`, takenAt: new Date().toISOString() };
    },
  };
}

/** Runs the app on the folder, where no visitor finds it, until all its clicks are counted. */
async function drain(config: Config, folder: string): Promise<void> {
  await using app = await startOn(config, folder);
  let least = Number.POSITIVE_INFINITY;
  for (let sinceMs = performance.now(); ; ) {
    const answer = await fetch(`${app.privateUrl}/status`);
    const { unconfirmed } = told.parse(await answer.json()).clicks;
    if (unconfirmed === 0) return;
    if (unconfirmed < least) sinceMs = performance.now();
    least = Math.min(least, unconfirmed);
    if (performance.now() - sinceMs > stuckAfterMs) {
      throw new Refusal(`${unconfirmed} clicks in ${folder} cannot be counted; nothing was moved`);
    }
    await delay(lookEveryMs);
  }
}

async function startOn(config: Config, folder: string): Promise<App> {
  // Loads the whole app, which few commands need.
  const [{ startApp }, { BootRefused }] = await Promise.all([
    import('../../app.ts'),
    import('../../app/restore/restore-on-boot.ts'),
  ]);
  try {
    return await startApp(toDrainConfig(config, folder));
  } catch (error) {
    const isRunning = error instanceof Failure && error.kind === 'conflict';
    if (!isRunning && !(error instanceof BootRefused)) throw error;
    const advice = isRunning ? '; end it, so that nothing of what it does stays behind' : '';
    throw new Refusal(`nothing was moved: ${error.message}${advice}`, { cause: error });
  }
}

/** The same settings, alone in that folder, at ports that nobody knows. */
function toDrainConfig(config: Config, folder: string): Config {
  const host = '127.0.0.1';
  return {
    ...aloneIn(folder, config, 'wal'),
    log: { level: 'silent' },
    http: { ...config.http, host, port: 0, privateHost: host, privatePort: 0 },
  };
}
