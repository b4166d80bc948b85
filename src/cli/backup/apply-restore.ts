import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toWriterOptions } from '../../app/write-path.ts';
import { writingInto } from '../../backup/full-disk.ts';
import type { Config } from '../../config.ts';
import { countLinks } from '../../storage/database-file.ts';
import { prepareRestore } from '../../storage/prepare-restore.ts';
import { createAskApi } from '../ask-api.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { expectName } from './expect-name.ts';
import { askTarget, restoreInto } from './restore-into.ts';
import type { RestoreSource } from './restore-source.ts';
import { openScratch, scratchParentOf } from './scratch.ts';

/** How it is restored. */
export interface ApplyOptions {
  readonly source: RestoreSource;
  /** The name of what is restored into, in place of a question. */
  readonly yes: string | undefined;
  /** Whether the counts stay as they are. */
  readonly keepClicks: boolean;
  /** Backs up what is there now, beside the copy that the primary keeps. */
  readonly backUp: () => Promise<void>;
}

/** LiteFS takes some seconds for a million links; a node that is busy takes longer. */
const restoreTimeoutMs = 900_000;

/**
 * Restores into the node of this machine, or the fleet that it belongs to, while it runs: makes the files ready here, and has
 * the primary put them in place. Asks for its name, and backs up what is there before anything is changed.
 */
export async function applyRestore(
  config: Config,
  context: Context,
  { source, yes, keepClicks, backUp }: ApplyOptions,
): Promise<void> {
  const { output } = context;
  const ask = await createAskApi(context, restoreTimeoutMs);
  const { name, node } = await askTarget(ask);
  await using scratch = await openScratch(config);
  const { words } = await source.unpackInto(scratch.path);
  const links = join(scratch.path, 'links.db');
  const clicks = join(scratch.path, 'clicks.db');
  const withClicks = !keepClicks && existsSync(clicks);
  const question = `${name}, whose primary is ${node}, is restored to ${words}, with ${counted(countLinks(links).links, 'link')}. Links and keys made since are gone, links that are blocked now stay blocked, keys that are revoked now stay revoked, and ${
    withClicks
      ? 'clicks are counted anew from what nodes have kept of them (CLICK_RETENTION)'
      : 'clicks stay counted as they are'
  }.`;
  await expectName(name, yes, question, context);

  await backUp();
  // Asked again: the lease may have moved while a person was thinking.
  const { epoch, node: primary } = await askTarget(ask);
  const options = toWriterOptions(config, { ownHosts: [], allowPrivate: false });
  const staged = { ...options.clicks, file: clicks, positionFile: undefined };
  await writingInto(scratchParentOf(config), async () =>
    prepareRestore(
      { ...options, file: links, positionFile: undefined, journalMode: 'delete', clicks: staged },
      epoch,
    ),
  );
  const files = { links, clicks: withClicks ? clicks : undefined };
  const restored = await restoreInto(ask, { epoch, files });
  output.line(
    `restored ${words}; writes were held for ${Math.round(restored.heldMs)} ms, and this is epoch ${restored.epoch}`,
  );
  output.note(
    `what there was is in ${restored.before} of ${primary}; remove it when it is not needed`,
  );
  if (restored.clicksKept !== null) {
    output.note(`the counts of clicks are as they were: ${restored.clicksKept}`);
    context.fail();
  }
}
