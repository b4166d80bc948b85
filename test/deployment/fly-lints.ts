import { candidates } from '../../scripts/fly-setup/steps/wanted-machines.ts';
import { environment, readConfig } from '../../src/config.ts';
import { machineEnvironment } from './deployment.ts';
import type { Lint } from './lint.ts';

/** LiteFS's port: whoever reaches it can replace a database. */
const litefsPort = 20202;

/** What fly.toml must say, and why: Fly's documentation of each key, and of LiteFS. */
export const flyLints: readonly Lint[] = [
  {
    message: 'fly.toml: auto_stop_machines must be "off"; a stopped node comes back with old data',
    holds: ({ fly }) => fly.http_service.auto_stop_machines === 'off',
  },
  {
    message: 'fly.toml: auto_start_machines must be false; its default is true',
    holds: ({ fly }) => !fly.http_service.auto_start_machines,
  },
  {
    message: 'fly.toml: min_machines_running must be 2, the number of candidates',
    holds: ({ fly }) => fly.http_service.min_machines_running === 2,
  },
  {
    message:
      'docs/deploy.md must tell to scale the primary region to exactly 2 machines, others to 1',
    holds: ({ texts }) => {
      const counts = [
        ...texts['docs/deploy.md'].matchAll(/fly scale count (\d+) --app \S+ --region (\w+)/g),
      ].map(([, count, region]) => `${region} ${count}`);
      return (
        counts.filter((count) => count === 'ams 2').length === 1 &&
        counts.every((count) => count === 'ams 2' || /^(?!ams)\w+ 1$/.test(count))
      );
    },
  },
  {
    message: 'fly.toml: min_machines_running must be what npm run fly-setup makes of candidates',
    holds: ({ fly }) => fly.http_service.min_machines_running === candidates,
  },
  {
    message:
      'fly.toml: kill_timeout must be 30s to 300s: a drain has to fit into it, and Fly waits no longer',
    holds: ({ fly }) => {
      const seconds = Number(/^(\d+)s$/.exec(fly.kill_timeout ?? '')?.[1]);
      return seconds >= 30 && seconds <= 300;
    },
  },
  {
    message: 'fly.toml: kill_signal must be SIGTERM or SIGINT; LiteFS hears no other',
    holds: ({ fly }) => ['SIGTERM', 'SIGINT'].includes(fly.kill_signal ?? 'SIGINT'),
  },
  {
    message: 'fly.toml: there must be no release_command; it runs without a volume',
    holds: ({ fly }) => fly.deploy.release_command === undefined,
  },
  {
    message: 'fly.toml: the strategy must be rolling, with max_unavailable 1',
    holds: ({ fly }) => fly.deploy.strategy === 'rolling' && fly.deploy.max_unavailable === 1,
  },
  {
    message: 'fly.toml: there must be no process groups; each would want volumes of its own',
    holds: ({ fly }) => !('processes' in fly),
  },
  {
    message:
      'fly.toml: wait_timeout must be 5m or more; a machine may copy all links before it is healthy',
    holds: ({ fly }) => Number(/^(\d+)m$/.exec(fly.deploy.wait_timeout ?? '')?.[1]) >= 5,
  },
  {
    message: 'fly.toml: schema and LiteFS must be shown by checks that steer nothing',
    holds: ({ fly }) => {
      const checks = Object.values(fly.checks);
      return (
        checks.some(({ path }) => path === '/readyz') &&
        checks.some(({ type, port }) => type === 'tcp' && port === litefsPort)
      );
    },
  },
  {
    message: 'fly.toml: the one public port must be the PORT of the app',
    holds: ({ fly }) =>
      fly.services.length === 0 && String(fly.http_service.internal_port) === fly.env.PORT,
  },
  {
    message: 'fly.toml: neither LiteFS nor the private port may be a service',
    holds: ({ fly }) =>
      [fly.http_service, ...fly.services].every(
        ({ internal_port: port }) =>
          port !== litefsPort && String(port) !== (fly.env.PRIVATE_PORT ?? '8081'),
      ),
  },
  {
    message: 'fly.toml: force_https must be true',
    holds: ({ fly }) => fly.http_service.force_https,
  },
  {
    message: 'fly.toml: routing must follow /healthz alone, which needs no primary',
    holds: ({ fly: { http_service: service } }) =>
      service.checks.length > 0 && service.checks.every(({ path }) => path === '/healthz'),
  },
  {
    message: 'fly.toml: concurrency must count requests, with a soft limit well below the hard one',
    holds: ({ fly: { http_service: service } }) =>
      service.concurrency.type === 'requests' &&
      service.concurrency.soft_limit * 2 <= (service.concurrency.hard_limit ?? 0),
  },
  {
    message: 'fly.toml: there must be one metrics block, on the private port; Fly reads only one',
    holds: ({ fly }) =>
      fly.metrics.length === 1 && String(fly.metrics[0]?.port) === fly.env.PRIVATE_PORT,
  },
  {
    message:
      'fly.toml: restart must be "always"; nothing else starts a machine whose app has ended',
    holds: ({ fly }) => fly.restart.length === 1 && fly.restart[0]?.policy === 'always',
  },
  {
    message: 'fly.toml: there must be one volume, with snapshots kept 14 days or more',
    holds: ({ fly }) => fly.mounts.length === 1 && (fly.mounts[0]?.snapshot_retention ?? 0) >= 14,
  },
  {
    message: 'fly.toml: the volume must grow by itself: all three of auto_extend_size_*',
    holds: ({ fly }) =>
      fly.mounts.every((mount) =>
        ['threshold', 'increment', 'limit'].every((part) => mount[`auto_extend_size_${part}`]),
      ),
  },
  {
    message: 'fly.toml: a machine needs 512 MB of memory and 512 MB of swap',
    holds: ({ fly }) =>
      fly.swap_size_mb >= 512 && fly.vm.every(({ memory }) => parseInt(memory, 10) >= 512),
  },
  {
    message: 'fly.toml: [env] must hold no secret',
    holds: ({ fly }) =>
      Object.keys(fly.env).every((name) => !/SECRET|KEY|TOKEN|PASSWORD/.test(name)),
  },
  {
    message: 'fly.toml: [env] must name only variables that the app knows, and none of Fly',
    holds: ({ fly }) =>
      Object.keys(fly.env).every((name) => name in environment.shape && !name.startsWith('FLY_')),
  },
  {
    message: 'fly.toml: both ports must listen on "::"; machines reach each other over IPv6',
    holds: ({ fly }) => fly.env.HOST === '::' && fly.env.PRIVATE_HOST === '::',
  },
  {
    message: 'fly.toml: TRUST_PROXY must be "fly"; other headers are the client\'s',
    holds: ({ fly }) => fly.env.TRUST_PROXY === 'fly',
  },
  {
    message: 'fly.toml: LITEFS_DIR must be set, and the app must accept the whole environment',
    holds: ({ fly, imageEnv }) => {
      try {
        const config = readConfig(machineEnvironment(fly, imageEnv, fly.primary_region));
        return config.fleet?.replay === 'fly' && config.http.access === 'keys';
      } catch {
        return false;
      }
    },
  },
];
