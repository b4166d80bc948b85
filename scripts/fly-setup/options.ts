import { parseArgs } from 'node:util';
import type { FlyToml } from './fly-toml.ts';
import type { Choices } from './step.ts';

export const usage = `npm run fly-setup -- [options]     from nothing to a running fleet on Fly, step by step

  --app <name>              the app; its name is part of https://NAME.fly.dev
  --org <slug>              the organisation; your own when left out
  --primary-region <code>   where writes happen: two machines
  --regions <a,b>           where else there is to be a machine
  --domain <name>           a domain of your own for short URLs
  --bucket <name>           the bucket for backups (NAME-backups)
  --no-backups              no bucket and no backups
  --volume-gb <number>      size of each volume at first (1)
  --config <file>           fly.toml, in which app, primary_region and BASE_URL are entered
  --dry-run                 only looks, and prints what it would run
  --yes                     does not ask

What is left out is asked for. Every command is printed before it is run. Run it again at any time: it looks at what is
there and does what is missing. Regions: fly platform regions`;

/** What was not understood; the message says why. */
export class Misuse extends Error {}

/** What the command line says; `undefined` is to be asked for. */
export interface Options {
  readonly app: string | undefined;
  readonly org: string | undefined;
  readonly primaryRegion: string | undefined;
  readonly otherRegions: readonly string[] | undefined;
  readonly domain: string | undefined;
  readonly bucket: string | undefined;
  readonly backups: boolean;
  readonly volumeGb: number;
  readonly configFile: string;
  readonly isDryRun: boolean;
  readonly isAgreed: boolean;
}

/** Parses the arguments. Throws a `Misuse`. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parseWords(args);
  if (values.help === true) return 'help';
  const volumeGb = Number(values['volume-gb'] ?? 1);
  if (!Number.isInteger(volumeGb) || volumeGb < 1)
    throw new Misuse('--volume-gb is a whole number');
  return {
    app: expect(values.app, /^[a-z][a-z0-9-]*$/, '--app is small letters, digits and "-"'),
    org: values.org,
    primaryRegion: expectRegion(values['primary-region']),
    otherRegions: values.regions === undefined ? undefined : splitRegions(values.regions),
    domain: expect(
      values.domain,
      /^[a-z0-9-]+(\.[a-z0-9-]+)+$/,
      '--domain is a name like go.example.com',
    ),
    bucket: expect(
      values.bucket,
      /^[a-z0-9][a-z0-9-]+$/,
      '--bucket is small letters, digits and "-"',
    ),
    backups: values['no-backups'] !== true,
    volumeGb,
    configFile: values.config ?? 'fly.toml',
    isDryRun: values['dry-run'] === true,
    isAgreed: values.yes === true,
  };
}

/** Asks a person; gives what was typed, or what was offered. */
export type AskText = (question: string, offered: string) => Promise<string>;

/** The name in the fly.toml that is shipped, which is nobody's own. */
const shippedApp = 'hoplite';

/**
 * Fills in what the command line left out: by asking, with what fly.toml says as the offer, or by that offer where nobody is
 * asked. Throws a `Misuse` when there is neither.
 */
export async function makeChoices(
  options: Options,
  file: FlyToml,
  ask: AskText | undefined,
): Promise<Choices> {
  const offeredApp = file.app === shippedApp ? '' : file.app;
  const app = options.app ?? (await ask?.('Name of the app', offeredApp)) ?? offeredApp;
  if (!/^[a-z][a-z0-9-]*$/.test(app))
    throw new Misuse('The app needs a name of its own: --app <name>');
  const primaryRegion =
    options.primaryRegion ??
    expectRegion(await ask?.('Primary region, where writes happen', file.primaryRegion)) ??
    file.primaryRegion;
  const otherRegions =
    options.otherRegions ??
    splitRegions((await ask?.('Other regions, separated by commas', '')) ?? '');
  const offeredDomain = file.baseUrl.endsWith('.fly.dev') ? '' : new URL(file.baseUrl).hostname;
  const domain =
    options.domain ??
    (await ask?.('Domain of your own, or nothing', offeredDomain)) ??
    offeredDomain;
  return {
    app,
    org: options.org,
    primaryRegion,
    otherRegions,
    domain: domain === '' ? undefined : domain,
    bucket: options.backups ? (options.bucket ?? `${app}-backups`) : undefined,
    volumeGb: options.volumeGb,
  };
}

function parseWords(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        app: text,
        org: text,
        'primary-region': text,
        regions: text,
        domain: text,
        bucket: text,
        'volume-gb': text,
        config: text,
        'no-backups': flag,
        'dry-run': flag,
        yes: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error));
  }
}

function expect(value: string | undefined, pattern: RegExp, rule: string): string | undefined {
  if (value === undefined || pattern.test(value)) return value;
  throw new Misuse(`${rule}; "${value}" is not`);
}

function expectRegion(value: string | undefined): string | undefined {
  return expect(value, /^[a-z]{3}$/, 'A region is three small letters');
}

function splitRegions(list: string): readonly string[] {
  return list
    .split(/[\s,]+/)
    .filter((region) => region !== '')
    .map((region) => expectRegion(region) as string);
}
