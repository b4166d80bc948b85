import { MigrationError } from '../../storage/migrations/migration-error.ts';
import { isSqliteError } from '../../storage/sqlite-error.ts';
import { describeRole, type LearnedRole } from './learn-role.ts';

const laterWords = 'the app migrates when this node becomes primary';

/**
 * Runs `ups` in turn when this node is primary and gives sentences on what happened. For LiteFS's `exec` list, where a
 * failing command ends LiteFS: a node that is not primary, or stops being so meanwhile, has nothing to do here and
 * does not fail, because the app migrates too before it writes as primary. Passes on what else they throw.
 *
 * The lease is never taken for this: that would stop a migration that another node runs (docs/facts.md, "Hooks run
 * on every candidate at once").
 */
export async function migrateUpOnPrimary(parts: {
  readonly learnRole: () => Promise<LearnedRole>;
  /** Throws when the database would not be LiteFS's. */
  readonly expectMount: () => Promise<void>;
  /** One for each database: applies what is pending and says what that was. */
  readonly ups: readonly (() => string)[];
}): Promise<readonly string[]> {
  const role = await parts.learnRole();
  if (role.is !== 'primary') return [`${describeRole(role)}: ${laterWords}`];
  await parts.expectMount();
  const lines: string[] = [];
  try {
    for (const up of parts.ups) lines.push(up());
    return lines;
  } catch (error) {
    if (!isWriteRefused(error)) throw error;
    const now = await parts.learnRole();
    if (now.is === 'primary') throw error;
    const what = lines.length === 0 ? 'nothing' : 'nothing more';
    return [...lines, `this node stopped being primary, and ${what} was applied: ${laterWords}`];
  }
}

/** What SQLite says on LiteFS when the lease is gone; also of a full disk, so the role has to be asked again. */
function isWriteRefused(error: unknown): boolean {
  const cause = error instanceof MigrationError ? error.cause : error;
  return isSqliteError(cause, 'READONLY', 'IOERR');
}
