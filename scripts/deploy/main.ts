import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { migrationsDirs } from '../../src/app/release.ts';
import { newestMigration } from '../../src/storage/migrations/migration.ts';
import { projectDir } from '../cluster/programs.ts';
import { asApp } from '../fly/as-app.ts';
import { Fly } from '../fly/fly.ts';
import { createRunFly } from '../fly/run-fly.ts';
import { buildImage, createRunProgram } from './build-image.ts';
import { type Ending, rollOut } from './deploy.ts';
import { DeployFailure } from './deploy-failure.ts';
import { Misuse, parseOptions, usage } from './options.ts';
import { smokeTest } from './smoke-test.ts';

// Rolls a release out to a fleet on Fly: `npm run deploy`, also what .github/workflows/deploy.yml runs.

const exitCodes: Readonly<Record<Ending, number>> = {
  done: 0,
  refused: 1,
  'rolled back': 1,
  'roll back failed': 3,
  interrupted: 130,
};

const print = (line: string) => console.log(line);

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') print(usage);
  else process.exitCode = exitCodes[await deploy(options)];
} catch (error) {
  if (!(error instanceof Misuse || error instanceof DeployFailure)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof Misuse ? 2 : 1;
}

async function deploy(options: Exclude<ReturnType<typeof parseOptions>, 'help'>): Promise<Ending> {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interruption.abort());
  const { signal } = interruption;
  const fly = new Fly(createRunFly({ env: process.env, print, signal }));
  const folder = mkdtempSync(join(tmpdir(), 'hoplite-deploy-'));
  const { app } = options;
  try {
    return await rollOut(
      {
        ...options,
        // Which migrations an image has that was built before is not known here; its machines are asked whether they are
        // ready.
        schema: options.image === undefined ? newestMigration(migrationsDirs.links) : 0,
      },
      {
        fly,
        print,
        signal,
        image: async () =>
          options.image ??
          buildImage(
            { app, tag: `deploy-${new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)}` },
            {
              logInDocker: () => fly.change(['auth', 'docker']),
              run: createRunProgram({ print, signal, cwd: projectDir }),
            },
          ),
        keepConfig: (toml) => {
          const file = join(folder, 'former-fly.toml');
          writeFileSync(file, toml);
          return file;
        },
        smoke: (machines) =>
          smokeTest(machines, {
            origin: options.origin,
            hoplite: ({ id }, words) => fly.onMachine(app, id, asApp(words)),
            fetch,
          }),
        now: () => performance.now(),
        sleep: (ms) => delay(ms, undefined, { signal }).catch(() => {}),
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
