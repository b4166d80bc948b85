import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { writingInto } from '../../backup/full-disk.ts';
import { NoRoom } from '../../backup/scratch-folder.ts';
import { type Config, readConfig } from '../../config.ts';
import { exitCodes } from '../../domain/exit-codes.ts';
import type { BootstrapFacts } from '../../guard/bootstrap/facts.ts';
import { observeBootstrap } from '../../guard/bootstrap/observe.ts';
import { deleteMark } from '../../guard/bootstrap/observe-consul.ts';
import { type BootstrapSettings, readBootstrapSettings } from '../../guard/bootstrap/settings.ts';
import { countLinks, liftEpoch } from '../../storage/database-file.ts';
import { openScratch } from '../backup/scratch.ts';
import { confirm } from '../confirm.ts';
import type { Context, Environment } from '../context.ts';
import { counted } from '../counted.ts';
import { Refusal } from '../refusal.ts';
import { sendRequest } from '../send-request.ts';
import { chooseClusterId } from './choose-cluster-id.ts';
import { expectLost, expectOwnId } from './expect-lost.ts';
import { placeClusterId } from './place-cluster-id.ts';
import {
  checkSource,
  type RebuildSource,
  type SourceOptions,
  stageSource,
} from './rebuild-source.ts';

interface RebuildOptions extends SourceOptions {
  readonly clusterId?: string;
  readonly yes?: true;
}

const askTimeoutMs = 1000;

/**
 * `hoplite rebuild`: the way back for a fleet that has lost all volumes, which LiteFS alone keeps from ever having a
 * primary again (docs/bootstrap.md). Every step may be repeated: what is there already is replaced, and the id of the
 * cluster, by which the guard goes on, comes last.
 */
export function addRebuild(program: Command, context: Context): void {
  program
    .command('rebuild')
    .description('give a fleet that has lost all volumes its cluster and its links back')
    .option(
      '--cluster-id <id>',
      'where neither Consul, the volume nor the backup has the right one',
    )
    .option('--from-backup', 'from the newest backup in BACKUP_URL that can be restored')
    .option('--links <file>', 'from a copy of links.db; without any the fleet starts empty')
    .option('--clicks <file>', 'a copy of clicks.db, with one of links.db')
    .option('--empty', 'from nothing, though there may be backups')
    .option('--yes', 'do not ask')
    .action(async (options: RebuildOptions) => {
      const config = readConfig(context.env);
      try {
        await writingInto(config.storage.dataDir, () => rebuild(config, options, context));
      } catch (error) {
        throw toRefusal(error);
      }
    });
}

async function rebuild(config: Config, options: RebuildOptions, context: Context): Promise<void> {
  const settings = readSettings(context.env);
  checkSource(config, options);
  await expectNoLiteFs(config);
  const observe = () =>
    observeBootstrap(settings, {
      joined: false,
      waitedMs: 0,
      findSnapshot: () => ({ is: 'none' }),
    });
  const facts = await observe();
  expectLost(facts);
  if (options.clusterId !== undefined) expectOwnId(options.clusterId, facts, undefined);

  // A folder of its own: while a person is asked, another one may run, also the guard's.
  await using scratch = await openScratch(config);
  const source = await stageSource(config, options, {
    place: { stagingDir: join(scratch.path, 'restore'), restoreDir: settings.restoreDir },
    output: context.output,
  });
  const { staged } = source;
  const clusterId = chooseClusterId(facts, {
    asked: options.clusterId,
    ofBackup: source.clusterId,
    seed: source.name,
  });
  try {
    expectOwnId(clusterId, facts, source.clusterId);
    if (!options.yes) await expectAgreement(describe(clusterId, source, facts), context);
    // Since the first look a backup was fetched and a person was asked: somebody may have come back.
    const now = await observe();
    expectLost(now);
    expectOwnId(clusterId, now, source.clusterId);
    const markEpoch = now.consul.is === 'answering' ? now.consul.markEpoch : undefined;
    const { linksFile } = staged;
    if (linksFile !== undefined) {
      const lost = Math.max(markEpoch ?? 0, readEpochBefore(settings));
      liftEpoch(linksFile, lost, settings.node);
    }
    staged.commit();
  } finally {
    staged.discard();
  }
  // It stands for links that are lost, and would keep this node from leading.
  await deleteMark(settings.consul).catch((error: Error) => {
    throw new Refusal(
      `Consul did not forget how far the lost links were (${error.message}); run this again`,
    );
  });
  placeClusterId(settings.volumeDir, clusterId);
  context.output.note(
    `This node is of the cluster ${clusterId} now. A guard that waits starts LiteFS within a second, otherwise start the node; ${
      staged.linksFile === undefined
        ? 'it starts empty'
        : `${source.words} is imported once it is primary, before it takes writes`
    }.`,
  );
}

/** That of files which an earlier run has put ready: it may have had Consul forget the mark, and broken off then. */
function readEpochBefore({ restoreDir }: BootstrapSettings): number {
  const file = join(restoreDir, 'links.db');
  return existsSync(file) ? countLinks(file).epoch : 0;
}

/** A full disk is no defect, and neither is a folder of another user. */
function toRefusal(error: unknown): unknown {
  if (error instanceof NoRoom) {
    return new Refusal(error.message, { cause: error, exitCode: exitCodes.tryAgain });
  }
  if (!(error instanceof Error && 'code' in error && 'path' in error)) return error;
  return new Refusal(`${error.message}; run this as the user that LiteFS runs as`, {
    cause: error,
  });
}

function readSettings(env: Environment): BootstrapSettings {
  try {
    return readBootstrapSettings(env);
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error));
  }
}

/** LiteFS reads its cluster id when it starts, and not again. */
async function expectNoLiteFs({ fleet }: Config): Promise<void> {
  if (fleet === undefined) {
    throw new Refusal('this node runs alone (LITEFS_DIR is not set); put the file into DATA_DIR');
  }
  const isThere = await answers(fleet.litefsUrl);
  if (!isThere) return;
  throw new Refusal(
    'LiteFS runs on this node; restart the node, and run this again while its guard waits',
  );
}

/** One that hangs, or says what is not understood, is there as well. */
async function answers(origin: string): Promise<boolean> {
  try {
    await sendRequest({ method: 'GET', origin, path: '/info', timeoutMs: askTimeoutMs });
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED');
  }
}

/** Throws a `Refusal` unless a person says yes. */
async function expectAgreement(question: string, context: Context): Promise<void> {
  const input = context.input();
  if (!input.isTTY)
    throw new Refusal(`nobody is there to ask; if you mean it, add --yes. ${question}`);
  const { output } = context;
  if (!(await confirm(`${question} Go on? [y/N] `, { input, output }))) {
    throw new Refusal('nothing was changed');
  }
}

/** What would happen, as sentences. */
function describe(
  clusterId: string,
  { staged, words }: RebuildSource,
  { peers }: BootstrapFacts,
): string {
  const restored = staged.linksFile === undefined ? undefined : countLinks(staged.linksFile);
  const silent = peers.filter(({ is }) => is === 'silent').map(({ node }) => node);
  const goesOn = `The cluster ${clusterId} goes on with ${
    restored === undefined
      ? 'no links at all'
      : `the ${counted(restored.links, 'link')} of ${words}, of epoch ${restored.epoch}`
  }.`;
  return silent.length === 0
    ? goesOn
    : `${goesOn} No answer from ${silent.join(', ')}: what is newer there is lost when it comes back.`;
}
