import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { DeployFailure } from './deploy-failure.ts';

export const usage = `npm run deploy -- [options]     rolls this tree out to its fleet on Fly, region by region

  --app <name>       the app; the one of fly.toml when left out
  --config <file>    fly.toml
  --image <name>     an image by digest, such as registry.fly.io/APP@sha256:…, instead of building one
  --backup yes|no    whether a backup is taken first (yes)
  --anyway           deploys also to a fleet that is not well

It looks, takes a backup, replaces the machines of the primary region, looks again, replaces the others, looks again and
follows a new link through every machine. What goes wrong is rolled back.

Ends with 0 when all of it is done, 1 when it was refused or rolled back, 2 when it was not understood, 3 when the roll
back failed too, and 130 when it was interrupted.`;

/** What to do, as the command line says. */
export interface Options {
  readonly app: string;
  readonly configFile: string;
  readonly primaryRegion: string;
  /** The origin of short URLs. */
  readonly origin: string;
  readonly image: string | undefined;
  readonly backup: boolean;
  readonly anyway: boolean;
}

/** What was not understood; the message says why. */
export class Misuse extends Error {}

const flyToml = z.looseObject({
  app: z.string(),
  primary_region: z.string(),
  env: z.looseObject({ BASE_URL: z.url() }),
});

/** Parses the arguments. An empty one counts as left out, so that a workflow can pass what it was not given. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parseWords(args);
  if (values.help === true) return 'help';
  const { image = '', backup = 'yes', config: configFile = 'fly.toml', app = '' } = values;
  if (image !== '' && !/^[\w./:-]+@sha256:[0-9a-f]{64}$/.test(image)) {
    throw new Misuse('--image is a name by digest: a tag can come to mean another image');
  }
  if (!['yes', 'no', ''].includes(backup)) throw new Misuse('--backup is yes or no');
  const file = readFlyToml(configFile);
  return {
    app: app === '' ? file.app : app,
    configFile,
    primaryRegion: file.primary_region,
    origin: file.env.BASE_URL,
    image: image === '' ? undefined : image,
    backup: backup !== 'no',
    anyway: values.anyway === true,
  };
}

function parseWords(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { app: text, config: text, image: text, backup: text, anyway: flag, help: flag };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error));
  }
}

function readFlyToml(file: string): z.output<typeof flyToml> {
  try {
    return flyToml.parse(parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new DeployFailure(
      `${file} cannot be read, or lacks app, primary_region or BASE_URL in [env].`,
      { cause },
    );
  }
}
