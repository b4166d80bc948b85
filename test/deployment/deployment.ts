import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Boot, boot } from './boot.ts';
import {
  type Copy,
  type Instruction,
  parseCopies,
  parseDockerfile,
  parseEnv,
} from './dockerfile.ts';
import { expandEnvironment } from './expand-environment.ts';

/** The clone's top folder. */
export const root = join(import.meta.dirname, '../..');

/** The texts that a deployment is made of, by path. */
export const paths = [
  '.dockerignore',
  'Dockerfile',
  'docs/deploy.md',
  'fly.toml',
  'litefs.yml',
  'package.json',
  'scripts/entrypoint.sh',
  'tools/litefs/go.mod',
] as const;
export type Texts = Readonly<Record<(typeof paths)[number], string>>;

/** Reads the texts that are shipped. */
export function readTexts(): Texts {
  return Object.fromEntries(
    paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  ) as Texts;
}

/** Whether the tree has this file or folder. */
export function isInTree(path: string): boolean {
  return existsSync(join(root, path));
}

const check = z.looseObject({
  type: z.string().optional(),
  port: z.number().optional(),
  path: z.string().optional(),
});

const flySchema = z.looseObject({
  app: z.string(),
  primary_region: z.string().default(''),
  kill_signal: z.string().optional(),
  kill_timeout: z.string().optional(),
  swap_size_mb: z.number().default(0),
  env: z.record(z.string(), z.string()).default({}),
  mounts: z.array(
    z.looseObject({ destination: z.string(), snapshot_retention: z.number().default(5) }),
  ),
  http_service: z.looseObject({
    internal_port: z.number(),
    force_https: z.boolean().default(false),
    auto_stop_machines: z.string().default('off'),
    auto_start_machines: z.boolean().default(true),
    min_machines_running: z.number().default(0),
    concurrency: z.looseObject({
      type: z.string().default('connections'),
      soft_limit: z.number(),
      hard_limit: z.number().optional(),
    }),
    checks: z.array(check).default([]),
  }),
  services: z.array(z.looseObject({ internal_port: z.number() })).default([]),
  checks: z.record(z.string(), check).default({}),
  metrics: z.array(z.looseObject({ port: z.number(), path: z.string() })).default([]),
  deploy: z.looseObject({
    strategy: z.string().optional(),
    max_unavailable: z.number().default(0.33),
    release_command: z.string().optional(),
    wait_timeout: z.string().optional(),
  }),
  restart: z.array(z.looseObject({ policy: z.string() })).default([]),
  vm: z.array(z.looseObject({ memory: z.string() })),
});

const litefsSchema = z.looseObject({
  fuse: z.looseObject({ dir: z.string(), 'allow-other': z.boolean().default(false) }),
  data: z.looseObject({ dir: z.string(), retention: z.string().default('10m') }),
  lease: z.looseObject({
    type: z.string(),
    hostname: z.string().optional(),
    'advertise-url': z.string().optional(),
    candidate: z.boolean().nullish(),
    promote: z.boolean().default(false),
    consul: z
      .looseObject({ url: z.string(), key: z.string(), ttl: z.string().default('10s') })
      .optional(),
  }),
  'skip-sync': z.boolean().default(false),
  'exit-on-error': z.boolean().default(true),
  exec: z.array(z.looseObject({ cmd: z.string(), 'if-candidate': z.boolean().default(false) })),
});

/** One node as it comes up: what its entry program became, and the litefs.yml that LiteFS reads there. */
export interface Node {
  readonly boot: Boot;
  readonly litefs: z.output<typeof litefsSchema>;
}

/** A deployment, parsed; defaults are those of Fly and LiteFS. */
export interface Deployment {
  readonly texts: Texts;
  readonly fly: z.output<typeof flySchema>;
  readonly dockerfile: readonly Instruction[];
  readonly copies: readonly Copy[];
  readonly imageEnv: Readonly<Record<string, string>>;
  readonly package: {
    readonly devDependencies: Readonly<Record<string, string>>;
    readonly bin: Readonly<Record<string, string>>;
  };
  /** Machines of Fly: one in the primary region, one in another. */
  readonly primaryRegion: Node;
  readonly otherRegion: Node;
  /** A node of which nothing is said about candidacy or user, as in a local cluster. */
  readonly bare: Node;
}

/** The environment of a machine on Fly, before the entry program. The machine id is "m1". */
export function machineEnvironment(
  fly: Deployment['fly'],
  imageEnv: Readonly<Record<string, string>>,
  region: string,
): Record<string, string> {
  return {
    ...imageEnv,
    ...fly.env,
    FLY_APP_NAME: fly.app,
    FLY_MACHINE_ID: 'm1',
    FLY_REGION: region,
    PRIMARY_REGION: fly.primary_region,
    FLY_CONSUL_URL: 'https://:token@consul.example/prefix-1/',
    FLEET_SECRET: 'f'.repeat(32),
    ADMIN_KEY: 'a'.repeat(24),
  };
}

/** Parses the texts and boots the entry program, by `bootNode`, as each kind of node. */
export function parseDeployment(texts: Texts, bootNode: typeof boot): Deployment {
  const fly = flySchema.parse(parseToml(texts['fly.toml']));
  const dockerfile = parseDockerfile(texts.Dockerfile);
  const imageEnv = parseEnv(dockerfile);
  const start = (env: Readonly<Record<string, string>>): Node => {
    const started = bootNode(texts['scripts/entrypoint.sh'], env);
    // What the guard adds to the environment that it was started with (src/guard/guard.ts).
    const liteFsEnv = { ...started.env, LITEFS_CONSUL_URL: `http://${started.env.GUARD_ADDR}` };
    const expanded = expandEnvironment(texts['litefs.yml'], liteFsEnv);
    return { boot: started, litefs: litefsSchema.parse(parseYaml(expanded)) };
  };
  return {
    texts,
    fly,
    dockerfile,
    copies: parseCopies(dockerfile),
    imageEnv,
    package: JSON.parse(texts['package.json']),
    primaryRegion: start(machineEnvironment(fly, imageEnv, fly.primary_region)),
    otherRegion: start(machineEnvironment(fly, imageEnv, 'syd')),
    bare: start({
      ...imageEnv,
      TEST_UID: '1000',
      LITEFS_DIR: '/mnt',
      LITEFS_ADVERTISE_URL: 'http://127.0.1.2:20202',
      CONSUL_URL: 'http://127.0.1.10:8500',
    }),
  };
}
