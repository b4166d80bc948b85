import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const biome = join(root, 'node_modules/.bin/biome');
const ruleName = 'lint/style/noRestrictedImports';

/** Lints one planted file in a copy of the tree's shape and returns the names of the rules it breaks. */
async function lint(folder: string, path: string, source: string): Promise<string[]> {
  const file = join(folder, path);
  await mkdir(resolve(file, '..'), { recursive: true });
  await writeFile(file, source);
  try {
    const { stdout } = await promisify(execFile)(biome, ['lint', '--reporter=json', path], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    return JSON.parse(stdout).diagnostics.map((found: { category: string }) => found.category);
  } finally {
    await rm(file);
  }
}

describe('the arrows between the rooms', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hoplite-arrows-'));
    await copyFile(join(root, 'biome.json'), join(folder, 'biome.json'));
    await writeFile(join(folder, '.gitignore'), 'node_modules\n');
    await mkdir(join(folder, '.git'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['src/domain/a.ts', '../storage/reader.ts'],
    ['src/domain/a.ts', '../config.ts'],
    ['src/domain/a.ts', 'node:fs'],
    ['src/domain/a.ts', 'express'],
    ['src/storage/a.ts', '../http/problem.ts'],
    ['src/cluster/a.ts', '../storage/reader.ts'],
    ['src/redirect/a.ts', '../http/problem.ts'],
    ['src/redirect/a.ts', 'express'],
    ['src/redirect/a.ts', '../clicks/spool/spool.ts'],
    ['src/clicks/a.ts', '../storage/reader.ts'],
    ['src/clicks/spool/a.ts', '../../storage/reader.ts'],
    ['src/clicks/a.ts', 'better-sqlite3'],
    ['src/http/a.ts', '../cluster/peers.ts'],
    ['src/http/a.ts', 'better-sqlite3'],
    ['src/http/a.ts', 'kysely'],
    ['src/web/a.ts', '../http/problem.ts'],
    ['src/backup/a.ts', '../storage/reader.ts'],
    ['src/backup/a.ts', '../config.ts'],
    ['src/backup/a.ts', 'better-sqlite3'],
    ['src/storage/a.ts', '../backup/bucket/bucket.ts'],
    ['src/cluster/a.ts', '../backup/bucket/bucket.ts'],
    ['src/http/a.ts', '../backup/bucket/bucket.ts'],
    ['src/guard/bootstrap/a.ts', '../../backup/bucket/bucket.ts'],
    ['src/config-backup.ts', './backup/bucket/bucket.ts'],
    ['src/guard/a.ts', '../storage/reader.ts'],
    ['src/guard/a.ts', '../config.ts'],
    ['src/guard/a.ts', 'zod'],
    ['src/guard/a.ts', 'pino'],
    ['src/cli/a.ts', '../http/problem.ts'],
    ['src/config.ts', './storage/reader.ts'],
    ['src/config.ts', './app/place.ts'],
    ['src/cluster/a.ts', '../app/place.ts'],
    ['src/clicks/spool/a.ts', '../../app/click-path.ts'],
    ['src/guard/a.ts', '../app/restore/live-restore.ts'],
    ['src/app/restore/a.ts', '../../cli/refusal.ts'],
    ['src/app.ts', './cli/refusal.ts'],
    ['src/main.ts', './cli/refusal.ts'],
    ['src/sync-path.ts', './storage/reader.ts'],
    ['src/system-clock.ts', './config.ts'],
  ])('%s must not import %s', async (path, imported) => {
    const source = `import { a } from '${imported}';\n\nexport const b = a;\n`;
    expect(await lint(folder, path, source)).toContain(ruleName);
  });

  it.each([
    ['src/domain/a.ts', './slug.ts'],
    ['src/domain/a.ts', 'node:crypto'],
    ['src/storage/a.ts', '../domain/slug.ts'],
    ['src/storage/a.ts', 'kysely'],
    ['src/http/a.ts', 'express'],
    ['src/app.ts', './storage/reader.ts'],
    ['src/app/restore/a.ts', '../../storage/reader.ts'],
    ['src/backup/a.ts', '../domain/backup-place.ts'],
    ['src/backup/a.ts', 'aws4fetch'],
    ['src/cli/a.ts', '../backup/bucket/bucket.ts'],
    ['src/system-clock.ts', './domain/clock.ts'],
    ['src/storage/a.ts', '../sync-path.ts'],
  ])('%s may import %s', async (path, imported) => {
    const source = `import { a } from '${imported}';\n\nexport const b = a;\n`;
    expect(await lint(folder, path, source)).not.toContain(ruleName);
  });
});
