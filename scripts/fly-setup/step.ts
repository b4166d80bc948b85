import type { Fly } from '../fly/fly.ts';

/** What a person has decided. */
export interface Choices {
  readonly app: string;
  /** The organisation at Fly; `undefined`: the person's own. */
  readonly org: string | undefined;
  readonly primaryRegion: string;
  /** Where else there is to be a machine. */
  readonly otherRegions: readonly string[];
  /** A domain of one's own for short URLs; `undefined`: the name that Fly gives. */
  readonly domain: string | undefined;
  /** The bucket for backups; `undefined`: none. */
  readonly bucket: string | undefined;
  /** Of each volume, at first; fly.toml lets them grow. */
  readonly volumeGb: number;
}

/** A call of `fly` that changes something. */
export interface Change {
  readonly args: readonly string[];
  /** Secrets, as lines `NAME=value`: they go to stdin, so that no list of processes and no terminal shows them. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** What steps look at. An app that is not there yet has nothing. */
export interface World {
  readonly choices: Choices;
  readonly configFile: string;
  apps(): ReturnType<Fly['apps']>;
  machines(): ReturnType<Fly['machines']>;
  volumes(): ReturnType<Fly['volumes']>;
  certificates(): ReturnType<Fly['certificates']>;
  /** The names of the app's secrets. */
  secretNames(): Promise<ReadonlySet<string>>;
  /** A secret of 64 hex digits. */
  randomSecret(): string;
}

/** One step on the way to a fleet. Each can be made again: it looks at what is there and does what is missing. */
export interface Step {
  readonly title: string;
  /** What it is for, in a sentence or two. */
  readonly why: string;
  /** Whether the way goes on when a person does not want it. */
  readonly isOptional?: true;
  /** The calls that are missing; none when all of it is there. */
  plan(world: World): Promise<readonly Change[]>;
  /** Looks whether it worked. Throws a `FlyFailure` when it did not, although `fly` said so. */
  check?(world: World): Promise<void>;
}
