import { createHash } from 'node:crypto';

/** A machine of the app. */
export interface FakeMachine {
  readonly id: string;
  readonly region: string;
  state: string;
  digest: string;
  readonly volume: string;
}

/** A volume, and the machine that has it. */
export interface FakeVolume {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly size: number;
  machine: string | null;
}

/** All that Fly remembers, as data, so that it can lie in a file between two calls. */
export interface FakeFlyState {
  /** `null` when nobody is logged in. */
  user: string | null;
  apps: string[];
  machines: FakeMachine[];
  volumes: FakeVolume[];
  secrets: Record<string, string>;
  certificates: string[];
  buckets: string[];
  /** fly.toml as of the last deployment. */
  deployedConfig: string;
  /** What `fly` finds in its folder. */
  appOfFolder: string | null;
  primaryRegionOfFolder: string;
  /** The newest migration that each image has, by digest. */
  schemaOfImage: Record<string, number>;
  /** The newest migration that was applied. */
  schema: number;
  links: string[];
  /** Whether enabling Consul works; flyctl does not say so when it does not. */
  consulWorks: boolean;
}

/** A Fly with nothing on it but somebody who is logged in. */
export function emptyState(): FakeFlyState {
  return {
    user: 'ada@example.com',
    apps: [],
    machines: [],
    volumes: [],
    secrets: {},
    certificates: [],
    buckets: [],
    deployedConfig: '',
    appOfFolder: null,
    primaryRegionOfFolder: 'ams',
    schemaOfImage: {},
    schema: 0,
    links: [],
    consulWorks: true,
  };
}

/** The digest of the fake image of this name. */
export function digestOf(name: string): string {
  return `sha256:${createHash('sha256').update(name).digest('hex')}`;
}
