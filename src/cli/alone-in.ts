import { join } from 'node:path';
import type { Config } from '../config.ts';

/** The same settings for a machine alone whose data are in another folder, and which makes no backups. */
export function aloneIn(
  folder: string,
  config: Config,
  journalMode: Config['storage']['journalMode'],
): Config {
  return {
    ...config,
    fleet: undefined,
    backup: undefined,
    storage: {
      dataDir: folder,
      linksFile: join(folder, 'links.db'),
      clicksFile: join(folder, 'clicks.db'),
      journalMode,
    },
    clicks: { ...config.clicks, spoolDir: join(folder, 'clicks') },
  };
}
