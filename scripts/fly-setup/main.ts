import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Fly } from '../fly/fly.ts';
import { FlyFailure } from '../fly/fly-failure.ts';
import { createRunFly } from '../fly/run-fly.ts';
import { loadFlyToml, readFlyToml, writeFlyToml } from './fly-toml.ts';
import { Misuse, makeChoices, type Options, parseOptions, usage } from './options.ts';
import { setUp } from './set-up.ts';
import { askText, confirm } from './terminal.ts';

// Walks a new user to a fleet on Fly: `npm run fly-setup`. docs/deploy.md tells the same way in words.

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else await run(options);
} catch (error) {
  if (!(error instanceof Misuse || error instanceof FlyFailure)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof Misuse ? 2 : 1;
}

async function run(options: Options): Promise<void> {
  const { configFile, isDryRun, isAgreed } = options;
  const isAsking = process.stdin.isTTY === true && !isAgreed;
  if (!isAsking && !isAgreed && !isDryRun) {
    throw new Misuse('Nobody is there to ask: add --yes, or --dry-run to look only.');
  }
  const announced = new Set<string>();
  const print = (line: string) => {
    if (line.startsWith('$ ')) announced.add(line.split('    # ')[0] as string);
    console.log(line);
  };
  const fly = new Fly(
    createRunFly({
      env: process.env,
      // What a step has announced is not said again when it is run.
      print: (line) => announced.delete(line) || console.log(line),
      signal: new AbortController().signal,
      asksPeople: true,
    }),
  );
  const text = await loadFlyToml(configFile);
  console.log(`Fly knows you as ${await fly.user()}.`);
  const choices = await makeChoices(options, readFlyToml(text), isAsking ? askText : undefined);
  const changed = writeFlyToml(text, choices);
  if (changed !== text) {
    const { app, primaryRegion, baseUrl } = readFlyToml(changed);
    const what = `app "${app}", primary_region "${primaryRegion}" and BASE_URL "${baseUrl}"`;
    if (isDryRun) print(`${configFile} would get ${what}.`);
    else {
      writeFileSync(configFile, changed);
      print(`${configFile} has ${what} now; machines that run get it by "npm run deploy".`);
    }
  }
  const ending = await setUp(choices, {
    fly,
    print,
    isDryRun,
    configFile,
    confirm: async (question) => isAgreed || (await confirm(question)),
    randomSecret: () => randomBytes(32).toString('hex'),
    now: () => performance.now(),
    sleep: (ms) => delay(ms),
  });
  if (ending === 'stopped') process.exitCode = 1;
}
