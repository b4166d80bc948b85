import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { migrationsDirs } from '../../app/release.ts';
import { writingInto } from '../../backup/full-disk.ts';
import type { Config } from '../../config.ts';
import { type DatabaseName, databaseNames } from '../../domain/database-name.ts';
import { countLinks, findFaultOfFile } from '../../storage/database-file.ts';
import { type AskApi, createAskApi } from '../ask-api.ts';
import { both } from '../backup/copy-databases.ts';
import { openCopier } from '../backup/open-copier.ts';
import { claimForDatabases } from '../claim-for-databases.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { expectPrimary } from '../migrate/expect-primary.ts';
import { Refusal } from '../refusal.ts';

const lookEveryMs = 200;
/** Nodes deliver what they have kept once a second. */
const drainWithinMs = 30_000;

const fleet = z.object({
  nodes: z.array(
    z.object({
      node: z.string(),
      status: z.object({ clicks: z.object({ unconfirmed: z.int() }).nullable() }).nullable(),
    }),
  ),
});

/**
 * Copies both databases of a machine or fleet into a folder that a machine alone starts on, once all clicks of all nodes are
 * counted. Only on the primary: what others have may be a moment old.
 */
export async function copyOut(
  config: Config,
  context: Context,
  { folder, anyway }: { readonly folder: string; readonly anyway: boolean },
): Promise<void> {
  await expectPrimary(config);
  using _ = await claimForDatabases(folder);
  if (!anyway) await untilCounted(await createAskApi(context));
  try {
    const whole = new AbortController().signal;
    await writingInto(folder, () => openCopier(config).copyInto(folder, both, whole));
    for (const name of databaseNames) expectSound(join(folder, `${name}.db`), name);
  } catch (error) {
    for (const name of databaseNames) await rm(join(folder, `${name}.db`), { force: true });
    throw error;
  }
  const { links } = countLinks(join(folder, 'links.db'));
  context.output.line(
    `copied ${counted(links, 'link')}, the keys and all counts to ${folder}; a machine with DATA_DIR there has them when it starts`,
  );
}

function expectSound(file: string, name: DatabaseName): void {
  const fault = findFaultOfFile({ file, migrationsDir: migrationsDirs[name] });
  if (fault !== undefined) throw new Refusal(`the copy of ${name}.db is not sound: ${fault}`);
}

/** Throws a `Refusal` when clicks would stay behind. */
async function untilCounted(ask: AskApi): Promise<void> {
  const deadlineMs = performance.now() + drainWithinMs;
  for (;;) {
    const { nodes } = await ask({ method: 'GET', path: '/status' }, fleet);
    const silent = nodes.find(({ status }) => status === null);
    if (silent !== undefined) {
      throw new Refusal(
        `${silent.node} does not answer, so the clicks that it has kept would stay behind; bring it back, or add --anyway`,
      );
    }
    const behind = nodes.find(({ status }) => (status?.clicks?.unconfirmed ?? 0) > 0);
    if (behind === undefined) return;
    if (performance.now() >= deadlineMs) {
      throw new Refusal(
        `${behind.status?.clicks?.unconfirmed} clicks of ${behind.node} are not counted: while visitors come there are always some; send them elsewhere first, or add --anyway`,
      );
    }
    await delay(lookEveryMs);
  }
}
