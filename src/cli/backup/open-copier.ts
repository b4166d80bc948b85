import { LiteFsCopier } from '../../cluster/litefs-copier.ts';
import type { Config } from '../../config.ts';
import type { DatabaseCopier } from '../../domain/database-copy.ts';
import { FileCopier } from '../../storage/file-copier.ts';

/** What copies the databases of the node that the environment describes. LiteFS is held up until `onReceived` is called. */
export function openCopier({ fleet, storage }: Config, onReceived?: () => void): DatabaseCopier {
  return fleet === undefined
    ? new FileCopier({ links: storage.linksFile, clicks: storage.clicksFile })
    : new LiteFsCopier({ ...fleet, ...(onReceived && { onReceived }) });
}
