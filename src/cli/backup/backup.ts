import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addBackupFind } from './find.ts';
import { addBackupList } from './list.ts';
import { addBackupNow } from './now.ts';
import { addBackupRestore } from './restore.ts';
import { addBackupVerify } from './verify.ts';

/** `hoplite backup …`: copies of links.db and clicks.db at BACKUP_URL. */
export function addBackup(program: Command, context: Context): void {
  const backup = program
    .command('backup')
    .description('make backups of the links and clicks, list, try and restore them');
  addBackupNow(backup, context);
  addBackupList(backup, context);
  addBackupVerify(backup, context);
  addBackupFind(backup, context);
  addBackupRestore(backup, context);
}
