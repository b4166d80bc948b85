import { LiteFsCopier } from '../../cluster/litefs-copier.ts';
import type { Config } from '../../config.ts';
import type { DatabaseCopier } from '../../domain/database-copy.ts';
import { FileCopier } from '../../storage/file-copier.ts';

/** How what copies goes about it. */
export interface CopierOptions {
  /** LiteFS is held up until it is called. */
  readonly onReceived?: () => void;
  /** Called between pieces where nobody is held up, and may block. */
  readonly rest?: () => void;
}

/** What copies the databases of the node that the environment describes. */
export function openCopier(
  { fleet, storage }: Config,
  { onReceived, rest }: CopierOptions = {},
): DatabaseCopier {
  return fleet === undefined
    ? new FileCopier({ links: storage.linksFile, clicks: storage.clicksFile }, rest)
    : new LiteFsCopier({ ...fleet, ...(onReceived && { onReceived }) });
}
