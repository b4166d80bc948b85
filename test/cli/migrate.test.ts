import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyProject, type ProjectCopy } from '../support/project-copy.ts';
import { readColumn } from '../support/read-column.ts';
import { runHere } from '../support/run-command-line.ts';
import { runHoplite } from '../support/run-hoplite.ts';
import { TestFolder } from '../support/test-database.ts';

const secondMigration =
  '-- migrate:up\nCREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT;\n\n-- migrate:down\nDROP TABLE notes;\n';
const filesOf = (database: string) =>
  readdirSync(`migrations/${database}`).filter((name) => /^\d/.test(name));
const released = filesOf('links');
const releasedOfClicks = filesOf('clicks');

let folder: TestFolder;
let env: Record<string, string>;
beforeEach(() => {
  folder = new TestFolder();
  env = { DATA_DIR: folder.path, NODE_ID: 'web-1' };
});
afterEach(() => folder[Symbol.dispose]());

const migrate = (...args: readonly string[]) => runHere(['migrate', ...args], env);

function alter(sql: string, name = 'links.db'): void {
  const database = new Database(folder.file(name));
  database.exec(sql);
  database.close();
}

const tables = (name = 'links.db') =>
  readColumn<string>(folder.file(name), `SELECT name FROM sqlite_schema WHERE type = 'table'`);

describe('alone', () => {
  test('up makes both databases, names what it applied, and then has nothing to do', async () => {
    const first = await runHoplite(['migrate', 'up'], env);
    expect(first).toEqual({
      exitCode: 0,
      stdout: [
        ...released.map((file) => `applied ${file} to links.db\n`),
        ...releasedOfClicks.map((file) => `applied ${file} to clicks.db\n`),
      ].join(''),
      stderr: '',
    });
    const second = await migrate('up');
    expect(second).toMatchObject({
      exitCode: 0,
      stdout: `${folder.file()} is up to date\n${folder.file('clicks.db')} is up to date\n`,
    });
  });

  test('--database names one of them', async () => {
    expect((await migrate('up', '--database', 'clicks')).stdout).toBe(
      releasedOfClicks.map((file) => `applied ${file} to clicks.db\n`).join(''),
    );
    expect(existsSync(folder.file())).toBe(false);
    const clicks = ['--database', 'clicks'];
    expect((await migrate('status', ...clicks)).stdout).toMatch(/^applied {2}clicks\.db {2}0001/);
    expect((await migrate('check', ...clicks)).stdout).toBe(
      `${folder.file('clicks.db')} has the declared schema\n`,
    );
    expect((await migrate('down', ...clicks)).stderr).toMatch(/from clicks\.db.*add --yes/);
    expect(tables('clicks.db')).toContain('click_totals');
    const { stdout } = await migrate('down', '--yes', '--to', '0', ...clicks);
    expect(stdout).toContain('took back 0001_clicks.sql from clicks.db\n');
    expect(tables('clicks.db')).not.toContain('click_totals');
    const { exitCode, stderr } = await migrate('up', '--database', 'other');
    expect(stderr).toContain('Allowed choices are links, clicks.');
    expect(exitCode).toBe(2);
  });

  test('up --on-primary does the same, for a node alone is primary', async () => {
    const { exitCode, stdout } = await migrate('up', '--on-primary');
    expect(stdout).toContain(`applied ${released[0]}`);
    expect(exitCode).toBe(0);
  });

  test('several at once apply each migration once, and none fails', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => runHoplite(['migrate', 'up'], env)));
    expect(runs.map(({ stderr }) => stderr)).toEqual(['', '', '']);
    const printed = runs.map(({ stdout }) => stdout).join('');
    for (const file of [...released, ...releasedOfClicks]) {
      expect(printed.split(`applied ${file}`)).toHaveLength(2);
    }
  });

  test('status lists what is applied, by whom and when, and what is pending', async () => {
    expect((await migrate('status')).stdout).toMatch(/^pending {2}links\.db {3}0001_links\.sql\n/);
    expect(existsSync(folder.file())).toBe(false);
    await migrate('up');
    const { exitCode, stdout } = await migrate('status');
    const origin = '\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z on web-1';
    expect(stdout).toMatch(new RegExp(`^applied +links\\.db +0001_links\\.sql +${origin}\n`));
    expect(stdout).toMatch(
      new RegExp(`^applied +clicks\\.db +0001_clicks\\.sql +${origin}\n`, 'm'),
    );
    expect(exitCode).toBe(0);
  });

  test('check is satisfied with what up has made', async () => {
    await migrate('up');
    expect(await migrate('check')).toEqual({
      exitCode: 0,
      stdout: `${folder.file()} has the declared schema\n${folder.file('clicks.db')} has the declared schema\n`,
      stderr: '',
    });
  });

  test('check lists drift in words and fails', async () => {
    await migrate('up');
    alter('CREATE TABLE by_hand (id INTEGER); ALTER TABLE links ADD COLUMN note TEXT;');
    alter('DROP TABLE producer_batches', 'clicks.db');
    const { exitCode, stdout } = await migrate('check');
    expect(stdout).toContain('links.db: table by_hand is not declared\n');
    expect(stdout).toContain('column note is not declared\n');
    expect(stdout).toContain('clicks.db: table producer_batches is missing\n');
    expect(exitCode).toBe(1);
  });

  test('check fails without a database', async () => {
    const { exitCode, stdout } = await migrate('check');
    expect(stdout).toBe(
      `links.db: there is no database at ${folder.file()}\nclicks.db: there is no database at ${folder.file('clicks.db')}\n`,
    );
    expect(exitCode).toBe(1);
    expect(existsSync(folder.file())).toBe(false);
  });

  test('down without --yes says what would be lost, and leaves it', async () => {
    await migrate('up');
    const { exitCode, stdout, stderr } = await migrate('down');
    expect(stderr).toMatch(new RegExp(`${released.at(-1)}.*add --yes`));
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(tables()).toContain('links');
  });

  test('down --yes takes the newest back, and then has nothing to do', async () => {
    await migrate('up');
    expect(await migrate('down', '--yes')).toMatchObject({
      exitCode: 0,
      stdout: `took back ${released.at(-1)} from links.db\n`,
    });
    await migrate('down', '--yes', '--to', '0');
    expect(tables()).not.toContain('links');
    expect(await migrate('down', '--yes')).toMatchObject({
      exitCode: 0,
      stdout: 'nothing to take back from links.db\n',
    });
    expect(tables('clicks.db')).toContain('click_totals');
  });

  test('a file that is no database is said in a sentence', async () => {
    writeFileSync(folder.file(), 'x'.repeat(8192));
    for (const command of ['up', 'status', 'check']) {
      const { exitCode, stderr } = await migrate(command);
      expect(stderr).toBe('the database cannot be used: file is not a database (SQLITE_NOTADB)\n');
      expect(exitCode).toBe(1);
    }
  });
});

describe('with further migrations', () => {
  let project: ProjectCopy;
  beforeEach(() => {
    project = copyProject();
    project.addMigration('9001_notes.sql', secondMigration);
  });
  afterEach(() => project[Symbol.dispose]());

  const migrateCopy = (...args: readonly string[]) =>
    runHoplite(['migrate', ...args], env, join(project.dir, 'src/cli/hoplite.ts'));

  test('--to names all that would be taken back, and takes them back, the newest first', async () => {
    await migrateCopy('up');
    const newest = 'takes back 9001_notes.sql from links.db,';
    expect((await migrateCopy('down')).stderr).toContain(newest);
    expect((await migrateCopy('down', '--to', String(released.length))).stderr).toContain(newest);
    expect((await migrateCopy('down', '--to', '0')).stderr).toContain(
      `${[...released, '9001_notes.sql'].join(', ')} from links.db,`,
    );
    const { stdout } = await migrateCopy('down', '--yes', '--to', '0');
    expect(stdout).toBe(
      [...released, '9001_notes.sql']
        .toReversed()
        .map((file) => `took back ${file} from links.db\n`)
        .join(''),
    );
  });

  test('a release that does not know the newest migration shows it, and does not take it back', async () => {
    await migrateCopy('up');
    expect((await migrate('status')).stdout).toMatch(/^newer {4}links\.db {3}9001_notes\.sql/m);
    expect(await migrate('up')).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await migrate('down', '--yes');
    expect(stderr).toContain('9001_notes.sql: it was applied by a newer release');
    expect(exitCode).toBe(1);
  });

  test('a failing one is named with its statement, and nothing is applied', async () => {
    project.addMigration(
      '9002_broken.sql',
      '-- migrate:up\nCREATE TABLE fine (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO nowhere VALUES (1);\n\n-- migrate:down\nDROP TABLE fine;\n',
    );
    for (const flags of [[], ['--on-primary']]) {
      const { exitCode, stdout, stderr } = await migrateCopy('up', ...flags);
      expect(stderr).toContain('9002_broken.sql, statement 2 (line 3): no such table: nowhere');
      expect(stderr).not.toContain('    at ');
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    }
    expect(tables()).toEqual([]);
  });

  test('an edited one is refused by name', async () => {
    await migrateCopy('up');
    project.addMigration('9001_notes.sql', secondMigration.replace('notes', 'remarks'));
    for (const command of ['up', 'status']) {
      const { exitCode, stderr } = await migrateCopy(command);
      expect(stderr).toContain('9001_notes.sql: it was edited after it was applied');
      expect(exitCode).toBe(1);
    }
  });

  test('new writes the next one, which can be applied', async () => {
    const { exitCode, stdout } = await migrateCopy('new', 'Add a note');
    expect(exitCode).toBe(0);
    expect(stdout.trim()).toMatch(/migrations\/links\/9002_add_a_note\.sql$/);
    const made = readFileSync(join(project.dir, 'migrations/links/9002_add_a_note.sql'), 'utf8');
    expect(made).toContain('-- migrate:up');
    expect((await migrateCopy('up')).stdout).toContain('applied 9002_add_a_note.sql to links.db');
    const { stdout: ofClicks } = await migrateCopy('new', '--database', 'clicks', 'add_a_note');
    expect(ofClicks.trim()).toMatch(/migrations\/clicks\/\d{4}_add_a_note\.sql$/);
  });

  test('new refuses a name without letters', async () => {
    const { exitCode, stderr } = await migrateCopy('new', '!!');
    expect(stderr).toBe('The name of a migration has letters or digits.\n');
    expect(exitCode).toBe(1);
  });
});
