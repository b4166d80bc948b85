import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import {
  type BackupConfig,
  backupVariables,
  crossCheckBackup,
  deriveBackup,
} from './config-backup.ts';
import {
  type ConfigMistake,
  duration,
  flag,
  oneOf,
  origin,
  port,
  secrets,
  unitsMs,
  whole,
} from './config-values.ts';
import type { TrustProxy } from './domain/client-address.ts';
import type { SlugCase } from './domain/domain-name.ts';
import type { Rotating } from './domain/rotating.ts';

/** Everything Hoplite reads from its environment, parsed once. Each room receives its own part. */
export interface Config {
  readonly node: { readonly id: string; readonly region: string };
  readonly log: { readonly level: string };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly privateHost: string;
    readonly privatePort: number;
    /** Origin that short URLs are built from, without a trailing slash. */
    readonly baseUrl: string;
    readonly trustProxy: TrustProxy;
    readonly corsOrigins: readonly string[];
    readonly access: 'open' | 'keys';
    /** What signs in as the operator; several while one replaces another. */
    readonly adminKeys: readonly string[];
    readonly writesPerMinute: number;
    readonly failedSignInsPerMinute: number;
    /** Of the public port. */
    readonly maxConnections: number;
  };
  readonly storage: {
    /** Folder of this node's own files; absolute. */
    readonly dataDir: string;
    readonly linksFile: string;
    readonly clicksFile: string;
    /** WAL alone, DELETE on LiteFS (docs/facts.md, "WAL loses commits that it reported"). */
    readonly journalMode: 'wal' | 'delete';
  };
  readonly links: {
    readonly slugCase: SlugCase;
    readonly minSlugLength: number;
    readonly allowPrivateDestinations: boolean;
  };
  readonly redirect: { readonly cacheMaxBytes: number };
  /** How long a write waits for the lease to have moved, milliseconds. */
  readonly writes: { readonly holdMs: number };
  /** How long `/healthz` says that this node ends before its ports close, milliseconds. */
  readonly healthNoticeMs: number;
  readonly clicks: {
    /** Where this node keeps clicks until they are counted, outside of any mount; absolute. */
    readonly spoolDir: string;
    /** When clicks are forced to the disk: before each answer, every so many milliseconds, or when the system likes. */
    readonly sync: 'tick' | 'off' | number;
    /** How long a batch stays after it was counted, milliseconds. */
    readonly retentionMs: number;
    readonly spoolMaxBytes: number;
    /** How long counts stay by the hour, milliseconds; older ones are by the day. */
    readonly hoursKeptMs: number;
  };
  /** `undefined` alone. */
  readonly fleet:
    | {
        readonly litefsDir: string;
        readonly litefsUrl: string;
        /** `http://{node}.vm.app.internal:8081`, or `id=url,id=url`. */
        readonly peerUrl: string;
        /** The first signs, all verify. */
        readonly secrets: Rotating<string>;
        readonly replay: 'fly' | 'forward';
        /** A longer body is forwarded, never replayed. */
        readonly replayMaxBytes: number;
        /** Origin of this machine's guard; `undefined` without one: then nothing is ever acknowledged. */
        readonly guardUrl: string | undefined;
        /** What becomes of a write that another machine is not known to have: `auto` says so, `strict` fails. */
        readonly durability: 'auto' | 'strict';
      }
    | undefined;
  /** Where backups go and how; `undefined`: there are none. */
  readonly backup: BackupConfig | undefined;
  /** The secrets of `BACKUP_KEY`, which sign a snapshot in a file also where no backups are made; the first one signs. */
  readonly backupKeys: readonly string[];
}

/** Thrown with all mistakes of an environment at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly ConfigMistake[];

  constructor(mistakes: readonly ConfigMistake[]) {
    super(mistakes.map(({ variable, detail }) => `${variable}: ${detail}`).join('\n'));
    this.mistakes = mistakes;
  }
}

const defaultHost = '127.0.0.1';
const defaultPort = 8080;
const defaultPrivatePort = 8081;

/** Every variable, by name; the README's table is compared with this by a test. */
export const environment = z.object({
  HOST: z.string().default(defaultHost),
  PORT: port.default(defaultPort),
  PRIVATE_HOST: z.string().default(defaultHost),
  PRIVATE_PORT: port.default(defaultPrivatePort),
  BASE_URL: origin.optional(),
  DATA_DIR: z.string().default('./data'),
  ACCESS: oneOf('open', 'keys').optional(),
  ADMIN_KEY: secrets(24).optional(),
  LOG_LEVEL: oneOf('silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace').default('info'),
  SLUG_CASE: oneOf('insensitive', 'sensitive').default('insensitive'),
  SLUG_MIN_LENGTH: whole(4, 32).default(6),
  ALLOW_PRIVATE_DESTINATIONS: flag.default(false),
  CACHE_MAX_BYTES: whole(0).default(67_108_864),
  CLICK_SYNC: z
    .union([z.enum(['tick', 'off']), whole(1, 60_000)], {
      error: 'must be tick, off, or a whole number of milliseconds from 1 to 60000',
    })
    .default(250),
  CLICK_RETENTION: duration('1m').default(unitsMs.d as number),
  CLICK_SPOOL_MAX_BYTES: whole(1_048_576).default(1_073_741_824),
  ROLLUP_HOURS_KEPT: duration('2d').default(90 * (unitsMs.d as number)),
  CORS_ORIGINS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(origin))
    .default([]),
  TRUST_PROXY: z
    .union([z.enum(['none', 'fly']), whole(1, 10)], {
      error: 'must be none, fly, or a whole number from 1 to 10',
    })
    .default('none'),
  WRITE_HOLD: whole(0, 30_000).default(500),
  HEALTH_NOTICE: whole(0, 5_000).default(1_500),
  WRITES_PER_MINUTE: whole(1).optional(),
  FAILED_SIGN_INS_PER_MINUTE: whole(1).default(10),
  MAX_CONNECTIONS: whole(1).default(10_000),
  NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_", "-"')
    .optional(),
  REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,16}$/, 'must be 1 to 16 lower-case letters, digits, "-"')
    .optional(),
  LITEFS_DIR: z.string().optional(),
  LITEFS_URL: origin.default('http://127.0.0.1:20202'),
  PEER_URL: z.string().optional(),
  FLEET_SECRET: secrets(32).optional(),
  REPLAY: oneOf('fly', 'forward').optional(),
  REPLAY_MAX_BYTES: whole(0, 1_000_000).default(1_000_000),
  GUARD_URL: origin.optional(),
  DURABILITY: oneOf('auto', 'strict').default('auto'),
  ...backupVariables,
  FLY_APP_NAME: z.string().optional(),
  FLY_MACHINE_ID: z.string().optional(),
  FLY_REGION: z.string().optional(),
});

/**
 * Parses an environment. Empty variables count as unset.
 * Throws one `ConfigError` with every mistake, each by the name of its variable.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const mistakes = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => ({
      variable: String(path[0]),
      detail: message,
    })),
    ...crossCheck(given),
  ];
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  return freeze(derive(parsed.data));
}

/** What is wrong between variables. Judges the raw ones, so that a mistake in one hides none in another. */
function crossCheck(given: Readonly<Record<string, string | undefined>>): ConfigMistake[] {
  const mistakes: ConfigMistake[] = crossCheckBackup(given);
  const host = given.HOST ?? defaultHost;
  if (given.BASE_URL === undefined && !isLoopback(host)) {
    mistakes.push({
      variable: 'BASE_URL',
      detail: `is required when HOST is not loopback (HOST is ${host}): set it to the origin people see, such as https://go.example.com`,
    });
  }
  const privatePort = given.PRIVATE_PORT ?? `${defaultPrivatePort}`;
  if (
    (given.PRIVATE_HOST ?? defaultHost) === host &&
    (given.PORT ?? `${defaultPort}`) === privatePort &&
    privatePort !== '0'
  ) {
    mistakes.push({ variable: 'PRIVATE_PORT', detail: `is ${privatePort}, and so is PORT` });
  }
  const isStrict = given.DURABILITY === 'strict';
  if (given.LITEFS_DIR === undefined) {
    if (isStrict) {
      const detail =
        'strict needs a fleet (LITEFS_DIR): alone, no other machine could have a write';
      mistakes.push({ variable: 'DURABILITY', detail });
    }
    return mistakes;
  }
  if (isStrict && given.GUARD_URL === undefined) {
    const detail = 'strict needs GUARD_URL: the guard tells which machine has to have a write';
    mistakes.push({ variable: 'DURABILITY', detail });
  }
  if (given.FLEET_SECRET === undefined) {
    mistakes.push({ variable: 'FLEET_SECRET', detail: 'is required with LITEFS_DIR' });
  }
  if (given.PEER_URL === undefined && given.FLY_APP_NAME === undefined) {
    mistakes.push({
      variable: 'PEER_URL',
      detail:
        'is required with LITEFS_DIR off Fly: http://{node}.example.internal:8081, or id=url,id=url',
    });
  }
  return mistakes;
}

function derive(env: z.output<typeof environment>): Config {
  const fleet = env.LITEFS_DIR !== undefined;
  const peerUrl =
    env.PEER_URL ?? `http://{node}.vm.${env.FLY_APP_NAME}.internal:${env.PRIVATE_PORT}`;
  const dataDir = resolve(env.DATA_DIR);
  const isPublic = !isLoopback(env.HOST);
  const access = env.ACCESS ?? (isPublic || fleet ? 'keys' : 'open');
  return {
    node: {
      id: env.NODE_ID ?? env.FLY_MACHINE_ID ?? hostname(),
      region: env.REGION ?? env.FLY_REGION ?? 'local',
    },
    log: { level: env.LOG_LEVEL },
    http: {
      host: env.HOST,
      port: env.PORT,
      privateHost: env.PRIVATE_HOST,
      privatePort: env.PRIVATE_PORT,
      baseUrl: env.BASE_URL ?? `http://localhost:${env.PORT}`,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      access,
      adminKeys: env.ADMIN_KEY ?? [],
      // Strangers get what a person needs; who has a key may run a program.
      writesPerMinute: env.WRITES_PER_MINUTE ?? (isPublic && access === 'open' ? 60 : 60_000),
      failedSignInsPerMinute: env.FAILED_SIGN_INS_PER_MINUTE,
      maxConnections: env.MAX_CONNECTIONS,
    },
    storage: {
      dataDir,
      linksFile: resolve(env.LITEFS_DIR ?? dataDir, 'links.db'),
      clicksFile: resolve(env.LITEFS_DIR ?? dataDir, 'clicks.db'),
      journalMode: fleet ? 'delete' : 'wal',
    },
    links: {
      slugCase: env.SLUG_CASE,
      minSlugLength: env.SLUG_MIN_LENGTH,
      allowPrivateDestinations: env.ALLOW_PRIVATE_DESTINATIONS,
    },
    redirect: { cacheMaxBytes: env.CACHE_MAX_BYTES },
    writes: { holdMs: env.WRITE_HOLD },
    healthNoticeMs: env.HEALTH_NOTICE,
    clicks: {
      spoolDir: resolve(dataDir, 'clicks'),
      sync: env.CLICK_SYNC,
      retentionMs: env.CLICK_RETENTION,
      spoolMaxBytes: env.CLICK_SPOOL_MAX_BYTES,
      hoursKeptMs: env.ROLLUP_HOURS_KEPT,
    },
    fleet:
      env.LITEFS_DIR === undefined
        ? undefined
        : {
            litefsDir: resolve(env.LITEFS_DIR),
            litefsUrl: env.LITEFS_URL,
            peerUrl,
            secrets: env.FLEET_SECRET as Rotating<string>,
            replay: env.REPLAY ?? (env.FLY_APP_NAME === undefined ? 'forward' : 'fly'),
            replayMaxBytes: env.REPLAY_MAX_BYTES,
            guardUrl: env.GUARD_URL,
            durability: env.DURABILITY,
          },
    backup: deriveBackup(env),
    backupKeys: env.BACKUP_KEY ?? [],
  };
}

/** Whether only this machine can reach a listener on `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) freeze(part);
  }
  return Object.freeze(value);
}
