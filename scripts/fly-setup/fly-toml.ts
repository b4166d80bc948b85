import { readFile } from 'node:fs/promises';
import { FlyFailure } from '../fly/fly-failure.ts';
import type { Choices } from './step.ts';

/** What fly.toml says now. */
export interface FlyToml {
  readonly app: string;
  readonly primaryRegion: string;
  readonly baseUrl: string;
}

/** The file as text. Rejects with a `FlyFailure`. */
export async function loadFlyToml(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new FlyFailure(
      `${file} cannot be read; run this where it is, or name it with --config.`,
      { cause },
    );
  }
}

const lines = {
  app: /^app = "([^"]*)"$/m,
  primaryRegion: /^primary_region = "([^"]*)"$/m,
  baseUrl: /^BASE_URL = "([^"]*)"$/m,
};

const samples = {
  app: 'app = "shop-links"',
  primaryRegion: 'primary_region = "ams"',
  baseUrl: 'BASE_URL = "https://go.example.com"',
};

/** Reads the three lines that are each deployment's own. */
export function readFlyToml(text: string): FlyToml {
  return {
    app: find(text, 'app'),
    primaryRegion: find(text, 'primaryRegion'),
    baseUrl: find(text, 'baseUrl'),
  };
}

/** The same text with the person's choices in these lines; comments and all else stay. */
export function writeFlyToml(text: string, choices: Choices): string {
  const values = {
    app: `app = "${choices.app}"`,
    primaryRegion: `primary_region = "${choices.primaryRegion}"`,
    baseUrl: `BASE_URL = "${originOf(choices)}"`,
  };
  return (Object.keys(lines) as (keyof typeof lines)[]).reduce(
    (changed, name) => changed.replace(lines[name], () => values[name]),
    text,
  );
}

/** The origin of short URLs. */
export function originOf({ app, domain }: Choices): string {
  return `https://${domain ?? `${app}.fly.dev`}`;
}

function find(text: string, name: keyof typeof lines): string {
  const found = lines[name].exec(text)?.[1];
  if (found === undefined) {
    throw new FlyFailure(
      `fly.toml has no line like this one, with double quotes: ${samples[name]}`,
    );
  }
  return found;
}
