// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are changed here hold such variables

import { describe, expect, test } from 'vitest';
import { readFlyToml } from '../../scripts/fly-setup/fly-toml.ts';
import { type Boot, boot } from './boot.ts';
import { parseDeployment, readTexts, type Texts } from './deployment.ts';
import { lintDeployment, lints } from './lint.ts';

const shipped = readTexts();
/** The lines that are each deployment's own. */
const own = readFlyToml(shipped['fly.toml']);

/** A change to one of the files that a rule must notice; `from` occurs there. */
interface Mutation {
  readonly file: keyof Texts;
  readonly from: string;
  readonly to: string;
}

const change = (file: keyof Texts, from: string, to: string): Mutation => ({ file, from, to });

const mutations: Readonly<Record<string, readonly Mutation[]>> = {
  'fly.toml: auto_stop_machines must be "off"; a stopped node comes back with old data': [
    change('fly.toml', 'auto_stop_machines = "off"', 'auto_stop_machines = "stop"'),
    change('fly.toml', 'auto_stop_machines = "off"', 'auto_stop_machines = "suspend"'),
  ],
  'fly.toml: auto_start_machines must be false; its default is true': [
    change('fly.toml', 'auto_start_machines = false', 'auto_start_machines = true'),
    change('fly.toml', 'auto_start_machines = false', ''),
  ],
  'fly.toml: min_machines_running must be 2, the number of candidates': [
    change('fly.toml', 'min_machines_running = 2', 'min_machines_running = 3'),
    change('fly.toml', 'min_machines_running = 2', ''),
  ],
  'docs/deploy.md must tell to scale the primary region to exactly 2 machines, others to 1': [
    change('docs/deploy.md', 'fly scale count 2 --app', 'fly scale count 3 --app'),
    change('docs/deploy.md', 'shop-links --region iad --yes', 'shop-links --region ams --yes'),
    change('docs/deploy.md', 'fly scale count 1 --app', 'fly scale count 2 --app'),
  ],
  'fly.toml: min_machines_running must be what npm run fly-setup makes of candidates': [
    change('fly.toml', 'min_machines_running = 2', 'min_machines_running = 1'),
  ],
  'fly.toml: there must be no process groups; each would want volumes of its own': [
    change('fly.toml', '[deploy]', '[processes]\napp = "npm start"\n\n[deploy]'),
  ],
  'fly.toml: wait_timeout must be 5m or more; a machine may copy all links before it is healthy': [
    change('fly.toml', 'wait_timeout = "10m"', 'wait_timeout = "2m"'),
    change('fly.toml', 'wait_timeout = "10m"', ''),
  ],
  'fly.toml: schema and LiteFS must be shown by checks that steer nothing': [
    change('fly.toml', 'path = "/readyz"', 'path = "/healthz"'),
    change(
      'fly.toml',
      '[checks.litefs]\ntype = "tcp"\nport = 20202',
      '[checks.litefs]\ntype = "tcp"\nport = 8081',
    ),
  ],
  'fly.toml: kill_timeout must be 30s to 300s: a drain has to fit into it, and Fly waits no longer':
    [
      change('fly.toml', 'kill_timeout = "30s"', 'kill_timeout = "5s"'),
      change('fly.toml', 'kill_timeout = "30s"', ''),
      change('fly.toml', 'kill_timeout = "30s"', 'kill_timeout = "600s"'),
    ],
  'fly.toml: kill_signal must be SIGTERM or SIGINT; LiteFS hears no other': [
    change('fly.toml', 'kill_signal = "SIGTERM"', 'kill_signal = "SIGQUIT"'),
  ],
  'fly.toml: there must be no release_command; it runs without a volume': [
    change('fly.toml', '[deploy]', '[deploy]\nrelease_command = "hoplite migrate up"'),
  ],
  'fly.toml: the strategy must be rolling, with max_unavailable 1': [
    change('fly.toml', 'strategy = "rolling"', 'strategy = "bluegreen"'),
    change('fly.toml', 'max_unavailable = 1', ''),
  ],
  'fly.toml: the one public port must be the PORT of the app': [
    change('fly.toml', 'PORT = "8080"', 'PORT = "8090"'),
    change('fly.toml', '[deploy]', '[[services]]\ninternal_port = 9000\n\n[deploy]'),
  ],
  'fly.toml: neither LiteFS nor the private port may be a service': [
    change('fly.toml', 'internal_port = 8080', 'internal_port = 8081'),
    change('fly.toml', 'internal_port = 8080', 'internal_port = 20202'),
    change('fly.toml', '[deploy]', '[[services]]\ninternal_port = 20202\n\n[deploy]'),
  ],
  'fly.toml: force_https must be true': [
    change('fly.toml', 'force_https = true', 'force_https = false'),
  ],
  'fly.toml: routing must follow /healthz alone, which needs no primary': [
    change('fly.toml', 'path = "/healthz"', 'path = "/readyz"'),
    change('fly.toml', 'path = "/healthz"', 'path = "/litefs/health"'),
    change('fly.toml', '[[http_service.checks]]', '[checks.other]'),
  ],
  'fly.toml: concurrency must count requests, with a soft limit well below the hard one': [
    change('fly.toml', 'type = "requests"', 'type = "connections"'),
    change('fly.toml', 'hard_limit = 1000', 'hard_limit = 251'),
    change('fly.toml', 'hard_limit = 1000', ''),
  ],
  'fly.toml: there must be one metrics block, on the private port; Fly reads only one': [
    change('fly.toml', '[deploy]', '[[metrics]]\nport = 20202\npath = "/metrics"\n\n[deploy]'),
    change('fly.toml', '[[metrics]]\nport = 8081', '[[metrics]]\nport = 8080'),
  ],
  'fly.toml: restart must be "always"; nothing else starts a machine whose app has ended': [
    change('fly.toml', 'policy = "always"', 'policy = "on-failure"'),
  ],
  'fly.toml: there must be one volume, with snapshots kept 14 days or more': [
    change('fly.toml', 'snapshot_retention = 14', ''),
  ],
  'fly.toml: the volume must grow by itself: all three of auto_extend_size_*': [
    change('fly.toml', 'auto_extend_size_limit = "20GB"', ''),
  ],
  'fly.toml: a machine needs 512 MB of memory and 512 MB of swap': [
    change('fly.toml', 'memory = "512mb"', 'memory = "256mb"'),
    change('fly.toml', 'swap_size_mb = 512', ''),
  ],
  'fly.toml: [env] must hold no secret': [
    change('fly.toml', '[env]', `[env]\nFLEET_SECRET = "${'x'.repeat(32)}"`),
  ],
  'fly.toml: [env] must name only variables that the app knows, and none of Fly': [
    change('fly.toml', 'TRUST_PROXY = "fly"', 'TRUST_PROXY = "fly"\nTRUST_PROXIES = "fly"'),
    change('fly.toml', '[env]', '[env]\nFLY_REGION = "ams"'),
  ],
  'fly.toml: both ports must listen on "::"; machines reach each other over IPv6': [
    change('fly.toml', 'PRIVATE_HOST = "::"', 'PRIVATE_HOST = "0.0.0.0"'),
  ],
  'fly.toml: TRUST_PROXY must be "fly"; other headers are the client\'s': [
    change('fly.toml', 'TRUST_PROXY = "fly"', 'TRUST_PROXY = "2"'),
  ],
  'fly.toml: LITEFS_DIR must be set, and the app must accept the whole environment': [
    change('fly.toml', 'LITEFS_DIR = "/litefs"', ''),
    change('fly.toml', `BASE_URL = "${own.baseUrl}"`, ''),
    change('fly.toml', 'ACCESS = "keys"', 'ACCESS = "open"'),
  ],

  'litefs.yml: skip-sync must be true; otherwise a node never starts without a primary': [
    change('litefs.yml', 'skip-sync: true', 'skip-sync: false'),
    change('litefs.yml', 'skip-sync: true', ''),
  ],
  'litefs.yml: lease.promote must be false; the lease moves by draining': [
    change('litefs.yml', 'promote: false', 'promote: true'),
  ],
  'litefs.yml: exit-on-error must be true; otherwise a dead app keeps the lease': [
    change('litefs.yml', 'exit-on-error: true', 'exit-on-error: false'),
  ],
  'litefs.yml: nodes of the primary region must be candidates': [
    change('litefs.yml', "LITEFS_CANDIDATE == 'true'", "LITEFS_CANDIDATE == 'yes'"),
    change('scripts/entrypoint.sh', 'LITEFS_CANDIDATE=true', 'LITEFS_CANDIDATE=1'),
  ],
  'litefs.yml: only nodes of the primary region may be candidates; empty means true': [
    change('litefs.yml', "${LITEFS_CANDIDATE == 'true'}", 'true'),
    change('litefs.yml', "${LITEFS_CANDIDATE == 'true'}", '${FLY_REGION == PRIMARY_REGION}'),
    change('scripts/entrypoint.sh', '"$FLY_REGION" = ', '"$FLY_REGION" != '),
    change(
      'scripts/entrypoint.sh',
      '[ -n "${FLY_REGION:-}" ] && [ "$FLY_REGION"',
      '[ "${FLY_REGION:-}"',
    ),
  ],
  'litefs.yml: the lease must be in Consul, under a key of this app with a number': [
    change('litefs.yml', 'type: "consul"', 'type: "static"'),
    change('scripts/entrypoint.sh', 'hoplite/${FLY_APP_NAME:-fleet}/1', 'links/primary'),
  ],
  'litefs.yml: the guard of this machine must be the only Consul, without path and token': [
    change('litefs.yml', '"${LITEFS_CONSUL_URL}"', '"${CONSUL_URL}"'),
    change('scripts/entrypoint.sh', 'http://$GUARD_ADDR', 'http://127.0.0.1:8502'),
    change('scripts/entrypoint.sh', '127.0.0.1:8501', '0.0.0.0:8501'),
  ],
  'litefs.yml: its times must be those that the guard reckons with': [
    change('litefs.yml', 'ttl: "10s"', 'ttl: "15s"'),
  ],
  'scripts/entrypoint.sh: the guard must be able to read its environment': [
    change('scripts/entrypoint.sh', '${FLY_CONSUL_URL:-}', 'consul.example'),
    change('scripts/entrypoint.sh', 'export LITEFS_ADVERTISE_URL', 'LITEFS_ADVERTISE_URL'),
  ],
  'litefs.yml: lease.hostname must be the machine id, which Fly replays to': [
    change('litefs.yml', '"${NODE_ID}"', '"${FLY_REGION}"'),
    change('scripts/entrypoint.sh', '${FLY_MACHINE_ID:-$(hostname)}', '$(hostname)'),
  ],
  'litefs.yml: advertise-url must be the name of the machine, not an address': [
    change('scripts/entrypoint.sh', '$FLY_MACHINE_ID.vm.', '$FLY_REGION.'),
  ],
  'litefs.yml: data.dir must be on the volume and fuse.dir must not': [
    change('litefs.yml', '"${LITEFS_DATA_DIR}"', '"/var/lib/litefs"'),
    change('fly.toml', 'LITEFS_DIR = "/litefs"', 'LITEFS_DIR = "/data/mount"'),
    change('fly.toml', 'destination = "/data"', 'destination = "/other"'),
  ],
  'litefs.yml: data.retention must be 10m to 1h; with 0 no snapshot ever arrives, with more the disk fills':
    [
      change('litefs.yml', 'retention: "10m"', 'retention: "0"'),
      change('litefs.yml', 'retention: "10m"', 'retention: "24h"'),
    ],
  'litefs.yml: the proxy and the backup of LiteFS must be off; the app does both': [
    change('litefs.yml', '\nlease:', '\nproxy:\n  addr: ":8080"\n\nlease:'),
    change('litefs.yml', '\nlease:', '\nbackup:\n  type: "file"\n\nlease:'),
  ],
  'litefs.yml: the first command must migrate, on the primary only': [
    change('litefs.yml', 'migrate up --on-primary', 'migrate up'),
    change('litefs.yml', ' src/cli/hoplite.ts', ' src/main.ts'),
  ],
  'litefs.yml: the last command must be the app itself, without npm or a shell': [
    change('litefs.yml', '${RUN_AS} node src/main.ts', '${RUN_AS} npm start'),
    change('litefs.yml', 'node src/main.ts', "sh -c 'node src/main.ts'"),
    change('litefs.yml', 'src/main.ts"', 'src/main.ts"\n    if-candidate: true'),
  ],
  'litefs.yml: commands must hold no shell syntax; there is no shell': [
    change('litefs.yml', '--on-primary"', '--on-primary && true"'),
  ],
  'litefs.yml: what the commands name must be in the tree': [
    change('litefs.yml', 'src/main.ts', 'src/server.ts'),
  ],
  'litefs.yml: on Fly every command must run as another user than root, and share the mount': [
    change('litefs.yml', '"${RUN_AS} node src/main.ts"', '"node src/main.ts"'),
    change('litefs.yml', "${RUN_AS != ''}", 'false'),
    change('scripts/entrypoint.sh', '--reuid=node', '--reuid=root'),
  ],

  'Dockerfile: LiteFS must be the version that tools/litefs/go.mod and the guard pin': [
    change('Dockerfile', 'main.Version=v0.5.14', 'main.Version=v0.5.13'),
    change('tools/litefs/go.mod', 'litefs v0.5.14', 'litefs v0.5.15'),
  ],
  'Dockerfile: LiteFS must be built from tools/litefs as the set-up builds it for tests': [
    change('Dockerfile', 'CGO_ENABLED=0', 'CGO_ENABLED=1'),
    change('Dockerfile', '-mod=readonly', '-mod=mod'),
    change('Dockerfile', 'tools/litefs/go.mod tools/litefs/go.sum', 'tools/litefs/go.mod'),
  ],
  'Dockerfile: Go must be the version that scripts/setup/go-toolchain.js pins': [
    change('Dockerfile', 'golang:1.26.8', 'golang:1.26.7'),
  ],
  'Dockerfile: Node must be the version that package.json pins': [
    change('Dockerfile', 'node:24.21.0', 'node:24.20.0'),
    change('package.json', '"node": "24.21.0"', '"node": "24.22.0"'),
  ],
  'Dockerfile: base images must be pinned to a whole version and its digest': [
    change('Dockerfile', 'golang:1.26.8-bookworm', 'golang:1.26'),
    change('Dockerfile', 'node:24.21.0-bookworm-slim', 'node:lts'),
    change('Dockerfile', '@sha256:a688600c', '@sha256:'),
    change(
      'Dockerfile',
      '@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d',
      '',
    ),
  ],
  'Dockerfile: what is copied must be named; no ADD and no whole tree': [
    change('Dockerfile', 'COPY src src', 'COPY . .'),
    change('Dockerfile', 'COPY src src', 'ADD src src'),
  ],
  'Dockerfile: what is copied must be in the tree': [
    change('Dockerfile', 'COPY src src', 'COPY source source'),
  ],
  '.dockerignore must let through what the Dockerfile copies, and nothing else': [
    change('.dockerignore', '!migrations\n', ''),
    change('.dockerignore', '!migrations\n', '!migrations\n!.env\n'),
    change('.dockerignore', '*\n', ''),
  ],
  'Dockerfile: what is copied between stages must come from a stage of that name': [
    change('Dockerfile', '--from=packages', '--from=builder'),
  ],
  'Dockerfile: packages must come from npm ci --omit=dev --ignore-scripts': [
    change('Dockerfile', ' --ignore-scripts', ''),
    change('Dockerfile', 'npm ci --omit=dev', 'npm install --omit=dev'),
  ],
  'Dockerfile: fuse3, ca-certificates and user_allow_other must be there': [
    change('Dockerfile', 'ca-certificates fuse3', 'ca-certificates'),
    change('Dockerfile', 'ca-certificates fuse3', 'fuse3'),
    change('Dockerfile', 'echo user_allow_other', 'echo'),
  ],
  'Dockerfile: commands must be of the base image': [
    change('Dockerfile', 'RUN ln -s', 'RUN git clone'),
  ],
  'Dockerfile: no secret may be built in': [
    change('Dockerfile', 'ENV DATA_DIR', 'ARG ADMIN_KEY\nENV DATA_DIR'),
  ],
  'Dockerfile: no port may be exposed but the public one': [
    change('Dockerfile', 'CMD', 'EXPOSE 20202\nCMD'),
  ],
  'Dockerfile: CMD must be an executable that is copied, started without a shell': [
    change('Dockerfile', 'CMD ["/app/scripts/entrypoint.sh"]', 'CMD /app/scripts/entrypoint.sh'),
    change('Dockerfile', 'COPY scripts/entrypoint.sh scripts/', ''),
    change('Dockerfile', '"/app/scripts/entrypoint.sh"', '"/app/litefs.yml"'),
  ],
  'Dockerfile: "hoplite" on the PATH must be the bin of package.json, which is executable': [
    change('Dockerfile', '/app/src/cli/hoplite.ts', '/app/bin/hoplite'),
    change('package.json', '"hoplite": "src/cli/hoplite.ts"', '"hoplite": "LICENSE"'),
  ],
  'Dockerfile: LiteFS must lie on the PATH, where the guard finds it': [
    change('Dockerfile', '/usr/local/bin/litefs /usr/local/bin/', '/usr/local/bin/litefs /opt/'),
    change('scripts/entrypoint.sh', 'exec $guard', 'exec litefs mount -config litefs.yml'),
  ],
  'Dockerfile: what a node keeps must lie on the volume': [
    change('Dockerfile', 'DATA_DIR=/data/hoplite', 'DATA_DIR=/app/data'),
  ],
};

const boots = new Map<string, Boot>();

/** Boots each entry program once in each environment; most changes are to other files. */
const bootOnce: typeof boot = (entrypoint, env) => {
  const key = JSON.stringify([entrypoint, env]);
  const known = boots.get(key) ?? boot(entrypoint, env);
  boots.set(key, known);
  return known;
};

describe('the deployment', () => {
  test('keeps every rule', () => {
    expect(lintDeployment(parseDeployment(shipped, bootOnce))).toEqual([]);
  });

  test('has no rule that was never seen to fail', () => {
    expect(Object.keys(mutations).sort()).toEqual(lints.map(({ message }) => message).sort());
  });

  const rows = Object.entries(mutations).flatMap(([message, changes]) =>
    changes.map((mutation) => ({ ...mutation, message })),
  );
  test.for(rows)(
    'breaks a rule when in $file "$from" becomes "$to"',
    ({ file, from, to, message }) => {
      expect(shipped[file]).toContain(from);
      const mutated = { ...shipped, [file]: shipped[file].replaceAll(from, to) };
      expect(lintDeployment(parseDeployment(mutated, bootOnce))).toContain(message);
    },
  );
});
