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
    throw new Misuse('--volume-gb is a whole number, at least 1');
  return {
    app: ifGiven(values.app, parseApp),
    org: values.org,
    primaryRegion: ifGiven(values['primary-region'], parseRegion),
    otherRegions: ifGiven(values.regions, parseRegions),
    domain: ifGiven(values.domain, parseDomain),
    bucket: ifGiven(values.bucket, parseBucket),
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
 * asked. Throws a `Misuse` when there is neither. What cannot be is asked for again.
 */
export async function makeChoices(
  options: Options,
  file: FlyToml,
  ask: AskText | undefined,
): Promise<Choices> {
  const offeredApp = file.app === shippedApp ? '' : file.app;
  const choose = async <T>(question: string, offered: string, parse: (answer: string) => T) =>
    ask === undefined ? parse(offered) : askUntil(ask, { question, offered, parse });
  const app = options.app ?? (await choose('Name of the app', offeredApp, parseApp));
  const primaryRegion =
    options.primaryRegion ??
    (await choose('Primary region, where writes happen', file.primaryRegion, parseRegion));
  const otherRegions =
    options.otherRegions ?? (await choose('Other regions, separated by commas', '', parseRegions));
  const domain =
    options.domain ??
    (await choose('Domain of your own, or nothing', offeredDomainOf(file), parseDomain));
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

async function askUntil<T>(
  ask: AskText,
  { question, offered, parse }: { question: string; offered: string; parse: (text: string) => T },
): Promise<T> {
  for (let asked = question; ; ) {
    try {
      return parse(await ask(asked, offered));
    } catch (error) {
      if (!(error instanceof Misuse)) throw error;
      asked = `${error.message}.\n${question}`;
    }
  }
}

function offeredDomainOf({ baseUrl }: FlyToml): string {
  const hostname = URL.parse(baseUrl)?.hostname ?? '';
  return hostname.endsWith('.fly.dev') ? '' : hostname;
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

function parseApp(text: string): string {
  if (text === '') throw new Misuse('The app needs a name of its own: --app <name>');
  return expect(text, /^[a-z][a-z0-9-]*$/, 'The name of an app is small letters, digits and "-"');
}

function parseRegion(text: string): string {
  return expect(text, /^[a-z]{3}$/, 'A region is three small letters');
}

function parseRegions(list: string): readonly string[] {
  return list
    .split(/[\s,]+/)
    .filter((region) => region !== '')
    .map(parseRegion);
}

function parseDomain(text: string): string {
  const rule = 'A domain is small letters, digits, "-" and dots, like go.example.com';
  return expect(text, /^([a-z0-9-]+(\.[a-z0-9-]+)+)?$/, rule);
}

function parseBucket(text: string): string {
  const rule = 'The name of a bucket is small letters, digits and "-"';
  return expect(text, /^[a-z0-9][a-z0-9-]+$/, rule);
}

function expect(text: string, pattern: RegExp, rule: string): string {
  if (pattern.test(text)) return text;
  throw new Misuse(`${rule}; "${text}" is not`);
}

function ifGiven<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}
