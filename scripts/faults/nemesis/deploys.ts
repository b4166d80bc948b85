import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyProject, type ProjectCopy } from '../../../test/support/project-copy.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

/** What the next release brings: a column and a table, as the step that only adds has them. */
const migration = `-- migrate:up
ALTER TABLE links ADD COLUMN note TEXT;
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;

-- migrate:down
DROP TABLE notes;
ALTER TABLE links DROP COLUMN note;
`;

const brokenMigration = `-- migrate:up
CREATE TABLE fine (id INTEGER PRIMARY KEY) STRICT;
INSERT INTO links_of_old VALUES (1);

-- migrate:down
DROP TABLE fine;
`;
/** Long enough for the new release to start, lead, fail and end. */
const triedMs = 12_000;

/** All nodes move to a newer release with a migration, one by one: the far one, the other candidate, the primary. */
export function rollingDeploy(copies: DisposableStack): Fault {
  return {
    name: 'rolling-deploy',
    losesPrimary: true,
    async prepare(stage) {
      const release = copies.use(nextRelease(stage));
      release.addMigration('9001_notes.sql', migration);
      return {
        targets: stage.world.nodes.map(({ id }) => id),
        async start() {
          const primary = await stage.primary();
          stage.world.projectDir = release.dir;
          for (const node of [stage.replica(), stage.otherCandidate(primary), primary]) {
            await stage.stop(node);
            await stage.bringUp(node);
          }
        },
        heal: () => stage.world.untilSettled(),
      };
    },
  };
}

/** The other candidate is moved to a release whose migration fails, and back after a while. */
export function failingMigration(copies: DisposableStack): Fault {
  return {
    name: 'failing-migration',
    losesPrimary: true,
    async prepare(stage) {
      const victim = stage.otherCandidate(await stage.primary());
      const release = copies.use(nextRelease(stage));
      release.addMigration('9100_broken.sql', brokenMigration);
      return {
        targets: [victim.id],
        async start() {
          await stage.stop(victim);
          await stage.world.startNode(victim, { projectDir: release.dir });
          await stage.hold(triedMs);
        },
        async heal() {
          await stage.kill(victim);
          await stage.bringUp(victim);
          await stage.world.untilSettled();
        },
      };
    },
  };
}

/** A copy of what the nodes run from now, with a higher version. */
function nextRelease(stage: Stage): ProjectCopy {
  const copy = copyProject(stage.world.projectDir);
  const file = join(copy.dir, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  const [major, minor] = manifest.version.split('.');
  const version = `${major}.${Number(minor) + 1}.0`;
  writeFileSync(file, `${JSON.stringify({ ...manifest, version }, undefined, 2)}\n`);
  return copy;
}
