import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Consul } from '../../scripts/cluster/consul.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { LiteFsProcess } from '../support/litefs-process.ts';
import { copyProject } from '../support/project-copy.ts';
import { readColumn } from '../support/read-column.ts';
import { type CommandResult, runHoplite } from '../support/run-hoplite.ts';

/** Beyond those that a cluster takes. */
const network = '127.0.31';
const names = ['a', 'b', 'c'] as const;
type NodeName = (typeof names)[number];
const released = readdirSync(join(projectDir, 'migrations/links')).filter((name) =>
  /^\d/.test(name),
);

let folder: string;
let consul: Consul;
const fleet = {} as Record<NodeName, LiteFsProcess>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hoplite-migrate-'));
  consul = new Consul({
    dir: join(folder, 'consul'),
    address: `${network}.110`,
    run: randomUUID(),
  });
  await consul.start();
  for (const [index, node] of names.entries()) {
    fleet[node] = new LiteFsProcess({
      node,
      address: `${network}.${101 + index}`,
      candidate: node !== 'c',
      directory: join(folder, node),
      consulUrl: consul.url,
    });
  }
});

afterAll(async () => {
  for (const node of names) await fleet[node]?.[Symbol.asyncDispose]();
  await consul?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command of litefs.yml's `exec` list on a node, from this tree or a copy of it. */
function migrate(node: NodeName, dir = projectDir): Promise<CommandResult> {
  const env = {
    NODE_ID: node,
    LITEFS_DIR: fleet[node].mount,
    LITEFS_URL: fleet[node].url,
    DATA_DIR: join(folder, node, 'own'),
    PEER_URL: 'http://{node}.test:8081',
    FLEET_SECRET: 'a secret of the fleet that is long enough',
  };
  return runHoplite(['migrate', 'up', '--on-primary'], env, join(dir, 'src/cli/hoplite.ts'));
}

function positionOf(node: NodeName): string {
  return readFileSync(`${fleet[node].database}-pos`, 'utf8');
}

/** Waits for what a fleet brings about by itself. */
const until = <T>(check: () => T | Promise<T>) =>
  vi.waitFor(check, { timeout: 40_000, interval: 10 });

async function untilAllAreAt(position: string): Promise<void> {
  await until(() => expect(names.map(positionOf)).toEqual(names.map(() => position)));
}

const read = (node: NodeName, sql: string) => readColumn(fleet[node].database, sql);

const ledger = 'SELECT file FROM schema_migrations ORDER BY version';

test('nodes that boot at once on empty volumes migrate once, and none fails', async () => {
  const results = await Promise.all(
    names.map(async (node) => {
      await fleet[node].start();
      return migrate(node);
    }),
  );
  for (const { exitCode, stderr } of results)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const printed = results.map(({ stdout }) => stdout).join('');
  for (const file of released) expect(printed.split(`applied ${file}`)).toHaveLength(2);
  const [primary] = names.filter((_, index) => results[index]?.stdout.includes('applied'));
  expect(primary).not.toBe('c');
  await untilAllAreAt(positionOf(primary ?? 'a'));
  for (const node of names) expect(read(node, ledger)).toEqual(released);
  if (primary === 'b') await handOver('a');
});

async function handOver(node: NodeName): Promise<void> {
  await fleet[node].promote();
  await until(async () => {
    const info = await fetch(`${fleet[node].url}/info`);
    expect(await info.json()).toMatchObject({ isPrimary: true });
  });
}

test('a replica says so and changes nothing, though it has migrations to apply', async () => {
  using next = copyProject();
  next.addMigration('9001_next.sql', createTable('next'));
  const before = positionOf('b');
  for (const node of ['b', 'c'] as const) {
    expect(await migrate(node, next.dir)).toEqual({
      exitCode: 0,
      stdout: 'this node is a replica of a: the app migrates when this node becomes primary\n',
      stderr: '',
    });
  }
  expect(names.map(positionOf)).toEqual([before, before, before]);
});

test('candidates that boot at once with a new migration apply it once', async () => {
  using next = copyProject();
  next.addMigration('9001_next.sql', createTable('next'));
  const results = await Promise.all(names.map((node) => migrate(node, next.dir)));
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  expect(results.map(({ stdout }) => stdout.includes('applied 9001_next.sql'))).toEqual([
    true,
    false,
    false,
  ]);
  await untilAllAreAt(positionOf('a'));
  expect(read('c', ledger)).toEqual([...released, '9001_next.sql']);
});

test('the primary of a release that does not know the newest migration has nothing to do', async () => {
  expect(await migrate('a')).toEqual({
    exitCode: 0,
    stdout: `${fleet.a.database} is up to date\n${fleet.a.clicksDatabase} is up to date\n`,
    stderr: '',
  });
});

test('a migration that fails on the primary is named with its statement, and leaves nothing', async () => {
  using broken = copyProject();
  broken.addMigration('9001_next.sql', createTable('next'));
  broken.addMigration(
    '9002_broken.sql',
    '-- migrate:up\nCREATE TABLE fine (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO nowhere VALUES (1);\n\n-- migrate:down\n',
  );
  const before = positionOf('a');
  const { exitCode, stdout, stderr } = await migrate('a', broken.dir);
  expect(stderr).toContain('9002_broken.sql, statement 2 (line 3): no such table: nowhere');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(positionOf('a')).toBe(before);
});

test('a primary that hands over in the middle of a migration ends with 0, and nothing is applied', async () => {
  using slow = copyProject();
  slow.addMigration('9001_next.sql', createTable('next'));
  slow.addMigration(
    '9002_slow.sql',
    `-- migrate:up
CREATE TABLE slow (value TEXT) STRICT;
INSERT INTO slow WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 300000)
  SELECT hex(randomblob(100)) FROM many;

-- migrate:down
DROP TABLE slow;
`,
  );
  const running = migrate('a', slow.dir);
  await until(() => expect(existsSync(`${fleet.a.database}-journal`)).toBe(true));
  await handOver('b');
  expect(await running).toEqual({
    exitCode: 0,
    stdout:
      'this node stopped being primary, and nothing was applied: the app migrates when this node becomes primary\n',
    stderr: '',
  });
  expect(read('b', ledger)).toEqual([...released, '9001_next.sql']);

  // The one that has the lease now applies it.
  expect(await migrate('b', slow.dir)).toMatchObject({
    exitCode: 0,
    stdout: `applied 9002_slow.sql to links.db\n${fleet.b.clicksDatabase} is up to date\n`,
  });
  await untilAllAreAt(positionOf('b'));
  expect(read('a', 'SELECT count(*) FROM slow')).toEqual([300_000]);
});

function createTable(name: string): string {
  return `-- migrate:up\nCREATE TABLE ${name} (id INTEGER PRIMARY KEY) STRICT;\n\n-- migrate:down\nDROP TABLE ${name};\n`;
}
