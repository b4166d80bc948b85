import { isNodeId } from '../cluster/node-name.ts';
import type { NodeId } from '../domain/role.ts';
import { type BootstrapSettings, readBootstrapSettings } from './bootstrap/settings.ts';
import { type ConsulTarget, parseConsulUrl } from './consul-target.ts';
import { describeError } from './describe-error.ts';

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Everything the guard reads from its environment, parsed once. */
export interface GuardConfig {
  readonly node: NodeId;
  readonly consul: ConsulTarget;
  /** The key of the lease, below the prefix of Consul's URL. */
  readonly key: string;
  /** Where LiteFS and the app find the guard. */
  readonly listen: ListenAddress;
  /** Where LiteFS finds the replication stream of the primary. */
  readonly relay: ListenAddress;
  /** How long a candidate that is behind is refused while nobody leads, milliseconds. */
  readonly graceMs: number;
  readonly candidate: boolean;
  /** Origin of this node's LiteFS, for the guard itself. */
  readonly litefsUrl: string;
  /** Origin of this node's LiteFS, for other nodes. */
  readonly advertiseUrl: string;
  /** Where LiteFS keeps the databases. */
  readonly litefsDataDir: string;
  /** Where to look before LiteFS starts. */
  readonly bootstrap: BootstrapSettings;
}

/** Thrown with all mistakes of an environment at once, a line each: `NAME: what is wrong`. */
export class GuardConfigError extends Error {
  override readonly name = 'GuardConfigError';
}

/** What the guard reads, with its default; `undefined` is required. */
export const guardVariables = {
  NODE_ID: undefined,
  CONSUL_URL: undefined,
  CONSUL_KEY: undefined,
  GUARD_ADDR: '127.0.0.1:8501',
  GUARD_RELAY_ADDR: '127.0.0.1:8502',
  GUARD_GRACE: '60s',
  LITEFS_URL: 'http://127.0.0.1:20202',
  LITEFS_ADVERTISE_URL: undefined,
  LITEFS_CANDIDATE: 'false',
  LITEFS_DATA_DIR: undefined,
} as const satisfies Record<string, string | undefined>;

type Variable = keyof typeof guardVariables;

/**
 * Parses the guard's environment. By hand and not with zod, which alone would take a third of the memory that the guard
 * may use. An empty variable counts as unset. Throws a `GuardConfigError`.
 */
export function readGuardConfig(env: Readonly<Record<string, string | undefined>>): GuardConfig {
  const mistakes: string[] = [];
  const read = <T>(name: Variable, parse: (text: string) => T | undefined, rule: string): T => {
    const text = env[name] || guardVariables[name];
    const value = text === undefined ? undefined : parse(text);
    if (value === undefined) {
      mistakes.push(`${name}: ${text === undefined ? 'is required' : `must be ${rule}`}`);
    }
    // Not used when there is a mistake.
    return value as T;
  };
  const config: Omit<GuardConfig, 'bootstrap'> = {
    node: read(
      'NODE_ID',
      (text) => (isNodeId(text) ? text : undefined),
      'at most 64 letters, digits, dots, dashes and underscores',
    ),
    consul: read('CONSUL_URL', parseConsulUrl, 'http://HOST:8500, or https://:TOKEN@HOST/PREFIX'),
    key: read(
      'CONSUL_KEY',
      (text) => (/^[\w.-]+(?:\/[\w.-]+)*$/.test(text) ? text : undefined),
      'words of letters, digits, dots, dashes and underscores, with a slash between them',
    ),
    listen: read('GUARD_ADDR', parseAddress, 'HOST:PORT'),
    relay: read('GUARD_RELAY_ADDR', parseAddress, 'HOST:PORT'),
    graceMs: read('GUARD_GRACE', parseDuration, 'a whole number with its unit, such as 60s'),
    candidate: read('LITEFS_CANDIDATE', parseFlag, 'true or false'),
    litefsUrl: read('LITEFS_URL', parseOrigin, 'an origin, such as http://127.0.0.1:20202'),
    advertiseUrl: read('LITEFS_ADVERTISE_URL', parseOrigin, 'an origin that other nodes reach'),
    litefsDataDir: read('LITEFS_DATA_DIR', (text) => text, 'a folder'),
  };
  if (mistakes.length > 0) throw new GuardConfigError(mistakes.join('\n'));
  return Object.freeze({ ...config, bootstrap: readBootstrap(env) });
}

function readBootstrap(env: Readonly<Record<string, string | undefined>>): BootstrapSettings {
  try {
    return readBootstrapSettings(env);
  } catch (error) {
    throw new GuardConfigError(describeError(error));
  }
}

/** `HOST:PORT` as it stands in a URL. */
export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text);
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ''];
  return unitMs === undefined ? undefined : Number(match?.[1]) * unitMs;
}

function parseFlag(text: string): boolean | undefined {
  if (text === 'true') return true;
  return text === 'false' ? false : undefined;
}

/** LiteFS speaks plain HTTP only, and its paths start at the root. */
function parseOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:' || url.pathname !== '/') return undefined;
  return url.origin;
}
