import { readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LearnedRole } from '../../src/cli/migrate/learn-role.ts';
import { migrateUpOnPrimary } from '../../src/cli/migrate/up-on-primary.ts';
import { migrationError } from '../../src/storage/migrations/migration-error.ts';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { runHere } from '../support/run-command-line.ts';
import { runHoplite } from '../support/run-hoplite.ts';
import { TestFolder } from '../support/test-database.ts';

let folder: TestFolder;
let litefs: FakeLiteFs;
let env: Record<string, string>;
beforeEach(async () => {
  folder = new TestFolder();
  litefs = await FakeLiteFs.start({ isPrimary: false, hostname: 'ams2' });
  env = {
    NODE_ID: 'ams1',
    LITEFS_DIR: folder.path,
    LITEFS_URL: litefs.url,
    FLEET_SECRET: 'a secret of the fleet that is long enough',
    PEER_URL: 'http://{node}.test:8081',
    ACCESS: 'keys',
  };
});
afterEach(async () => {
  folder[Symbol.dispose]();
  await litefs[Symbol.asyncDispose]();
});

const migrate = (...args: readonly string[]) => runHere(['migrate', ...args], env);
/** Whether nothing was made in the folder that plays the mount. */
const isUntouched = () => readdirSync(folder.path).length === 0;

describe('up --on-primary', () => {
  test('does nothing on a replica, says so, and succeeds', async () => {
    expect(await runHoplite(['migrate', 'up', '--on-primary'], env)).toEqual({
      exitCode: 0,
      stdout: 'this node is a replica of ams2: the app migrates when this node becomes primary\n',
      stderr: '',
    });
    expect(isUntouched()).toBe(true);
  });

  test('does nothing when LiteFS tells no role, and succeeds', async () => {
    litefs.setLease({ isPrimary: false });
    const { exitCode, stdout } = await migrate('up', '--on-primary');
    expect(stdout).toMatch(/^LiteFS does not say whether this node is the primary: /);
    expect(exitCode).toBe(0);
    expect(isUntouched()).toBe(true);
  });

  test('makes no database in a folder where LiteFS is not mounted', async () => {
    litefs.setLease({ isPrimary: true });
    const { exitCode, stderr } = await migrate('up', '--on-primary');
    expect(stderr).toBe(
      `LiteFS is not mounted at ${folder.path} (LITEFS_DIR): set it to fuse.dir of litefs.yml\n`,
    );
    expect(exitCode).toBe(1);
    expect(isUntouched()).toBe(true);
  });

  test('fails with all mistakes of the environment', async () => {
    const { FLEET_SECRET: _, ...incomplete } = env;
    const { exitCode, stderr } = await runHere(['migrate', 'up', '--on-primary'], incomplete);
    expect(stderr).toContain('FLEET_SECRET: is required with LITEFS_DIR');
    expect(exitCode).toBe(1);
  });

  describe('when SQLite refuses a write', () => {
    const primary: LearnedRole = { is: 'primary' };
    /** The roles that LiteFS tells, one after another. */
    const run = (roles: LearnedRole[], error: Error, ...done: readonly string[]) =>
      migrateUpOnPrimary({
        learnRole: async () => roles.shift() ?? primary,
        expectMount: async () => undefined,
        ups: [
          ...done.map((line) => () => line),
          () => {
            throw error;
          },
        ],
      });
    const refusals = [
      ['itself', readonlyError],
      ['inside a migration', () => migrationError({ file: 'a.sql' }, 'refused', readonlyError())],
    ] as const;

    test.each(refusals)('%s, a node that is no longer primary says so', async (_, refusal) => {
      const lost: LearnedRole[] = [{ is: 'replica', primary: 'ams2' }, { is: 'unknown' }];
      for (const now of lost) {
        expect(await run([primary, now], refusal())).toEqual([
          expect.stringMatching(/^this node stopped being primary, and nothing was applied: /),
        ]);
        expect(await run([primary, now], refusal(), 'applied the first')).toEqual([
          'applied the first',
          expect.stringMatching(/^this node stopped being primary, and nothing more was applied: /),
        ]);
      }
    });

    test.each(refusals)('%s, a node that is still primary fails', async (_, refusal) => {
      await expect(run([primary, primary], refusal())).rejects.toThrow();
    });

    test('for the statement alone, whatever the role', async () => {
      const error = migrationError({ file: 'a.sql' }, 'wrong', new Error('no such table'));
      await expect(run([primary, { is: 'unknown' }], error)).rejects.toBe(error);
    });
  });
});

/** What SQLite throws on a file that must not be written to. */
function readonlyError(): Error {
  const folder = new TestFolder();
  new Database(folder.file()).exec('CREATE TABLE seen (value TEXT)').close();
  const database = new Database(folder.file(), { readonly: true });
  try {
    database.exec('DELETE FROM seen');
  } catch (error) {
    return error as Error;
  } finally {
    database.close();
    folder[Symbol.dispose]();
  }
  throw new Error('the write was not refused');
}

describe('whoever writes by hand', () => {
  test('is sent from a replica to the primary', async () => {
    for (const command of [['up'], ['down', '--yes', '--fleet']]) {
      const { exitCode, stderr } = await migrate(...command);
      expect(stderr).toBe(
        'this node is a replica of ams2, and only the primary writes; run this there\n',
      );
      expect(exitCode).toBe(1);
    }
    expect(isUntouched()).toBe(true);
  });

  test('is sent to the doctor when there is no primary', async () => {
    litefs.setLease({ isPrimary: false });
    const { exitCode, stderr } = await migrate('up');
    expect(stderr).toContain('"hoplite doctor" looks why');
    expect(exitCode).toBe(1);
  });

  test.each([[['down']], [['down', '--yes']], [['down', '--yes', '--to', '0']]])(
    '%j is refused without --fleet',
    async (args) => {
      litefs.setLease({ isPrimary: true });
      const { exitCode, stderr } = await migrate(...args);
      expect(stderr).toContain('add --fleet');
      expect(exitCode).toBe(1);
      expect(litefs.infoAsked).toBe(0);
    },
  );

  test('is asked for --yes on a fleet too', async () => {
    litefs.setLease({ isPrimary: true });
    const { exitCode, stderr } = await migrate('down', '--fleet');
    expect(stderr).toContain('add --yes');
    expect(exitCode).toBe(1);
  });
});
