import { GuardConfigError, readGuardConfig } from '../../src/guard/config.ts';
import { leaseTtlMs } from '../../src/guard/own-lease.ts';
import type { Deployment, Node } from './deployment.ts';
import { isInTree } from './deployment.ts';
import type { Lint } from './lint.ts';

/** What litefs.yml must come to on a node, and why: LiteFS's source and what it did when tried. */
export const litefsLints: readonly Lint[] = [
  {
    message: 'litefs.yml: skip-sync must be true; otherwise a node never starts without a primary',
    holds: onEveryNode(({ litefs }) => litefs['skip-sync']),
  },
  {
    message: 'litefs.yml: lease.promote must be false; the lease moves by draining',
    holds: onEveryNode(({ litefs }) => !litefs.lease.promote),
  },
  {
    message: 'litefs.yml: exit-on-error must be true; otherwise a dead app keeps the lease',
    holds: onEveryNode(({ litefs }) => litefs['exit-on-error']),
  },
  {
    message: 'litefs.yml: nodes of the primary region must be candidates',
    holds: ({ primaryRegion }) => primaryRegion.litefs.lease.candidate === true,
  },
  {
    message: 'litefs.yml: only nodes of the primary region may be candidates; empty means true',
    holds: ({ otherRegion, bare }) =>
      otherRegion.litefs.lease.candidate === false && bare.litefs.lease.candidate === false,
  },
  {
    message: 'litefs.yml: the lease must be in Consul, under a key of this app with a number',
    holds: ({ fly, primaryRegion: { litefs } }) =>
      litefs.lease.type === 'consul' &&
      new RegExp(`\\b${fly.app}\\b.*/\\d+$`).test(litefs.lease.consul?.key ?? ''),
  },
  {
    message:
      'litefs.yml: the guard of this machine must be the only Consul, without path and token',
    holds: onEveryNode(
      ({ boot: { env }, litefs }) =>
        litefs.lease.consul?.url === 'http://127.0.0.1:8501' &&
        env.GUARD_URL === 'http://127.0.0.1:8501',
    ),
  },
  {
    message: 'litefs.yml: its times must be those that the guard reckons with',
    holds: onEveryNode(({ litefs }) => litefs.lease.consul?.ttl === `${leaseTtlMs / 1000}s`),
  },
  {
    message: 'scripts/entrypoint.sh: the guard must be able to read its environment',
    holds: onEveryNode(({ boot: { env } }) => readsAsGuard(env)),
  },
  {
    message: 'litefs.yml: lease.hostname must be the machine id, which Fly replays to',
    holds: ({ primaryRegion: { litefs } }) => litefs.lease.hostname === 'm1',
  },
  {
    message: 'litefs.yml: advertise-url must be the name of the machine, not an address',
    holds: ({ fly, primaryRegion: { litefs } }) =>
      litefs.lease['advertise-url'] === `http://m1.vm.${fly.app}.internal:20202`,
  },
  {
    message: 'litefs.yml: data.dir must be on the volume and fuse.dir must not',
    holds: ({ fly, primaryRegion: { litefs } }) =>
      fly.mounts.every(
        ({ destination }) =>
          litefs.data.dir.startsWith(`${destination}/`) &&
          !litefs.fuse.dir.startsWith(destination) &&
          litefs.fuse.dir.startsWith('/'),
      ),
  },
  {
    message:
      'litefs.yml: data.retention must be 10m to 1h; with 0 no snapshot ever arrives, with more the disk fills',
    holds: onEveryNode(({ litefs }) => /^(?:[1-5]\dm|60m|1h)$/.test(litefs.data.retention)),
  },
  {
    message: 'litefs.yml: the proxy and the backup of LiteFS must be off; the app does both',
    holds: onEveryNode(({ litefs }) => !('proxy' in litefs) && !('backup' in litefs)),
  },
  {
    message: 'litefs.yml: the first command must migrate, on the primary only',
    holds: onEveryNode(({ litefs }) =>
      /\bnode src\/cli\/hoplite\.ts migrate up --on-primary$/.test(litefs.exec[0]?.cmd ?? ''),
    ),
  },
  {
    message: 'litefs.yml: the last command must be the app itself, without npm or a shell',
    holds: onEveryNode(({ boot, litefs }) => {
      const app = litefs.exec.at(-1);
      const words = [...(boot.env.RUN_AS ?? '').split(' '), 'node', 'src/main.ts'].filter(Boolean);
      return app?.cmd.trim() === words.join(' ') && !app['if-candidate'];
    }),
  },
  {
    message: 'litefs.yml: commands must hold no shell syntax; there is no shell',
    holds: onEveryNode(({ litefs }) => litefs.exec.every(({ cmd }) => !/[;&|<>$`]/.test(cmd))),
  },
  {
    message: 'litefs.yml: what the commands name must be in the tree',
    holds: onEveryNode(({ litefs }) =>
      litefs.exec.every(({ cmd }) =>
        cmd
          .split(' ')
          .filter((word) => word.includes('/'))
          .every(isInTree),
      ),
    ),
  },
  {
    message:
      'litefs.yml: on Fly every command must run as another user than root, and share the mount',
    holds: ({ primaryRegion: { boot, litefs } }) =>
      (boot.env.RUN_AS ?? '').startsWith('setpriv --reuid=node ') &&
      litefs.exec.every(({ cmd }) => cmd.startsWith(`${boot.env.RUN_AS} `)) &&
      litefs.fuse['allow-other'],
  },
];

/** Whether the guard takes that environment, and is no candidate where LiteFS is none. */
function readsAsGuard(env: Node['boot']['env']): boolean {
  try {
    return readGuardConfig(env).candidate === (env.LITEFS_CANDIDATE === 'true');
  } catch (error) {
    if (error instanceof GuardConfigError) return false;
    throw error;
  }
}

function onEveryNode(holds: (node: Node) => boolean): Lint['holds'] {
  return ({ primaryRegion, otherRegion, bare }: Deployment) =>
    [primaryRegion, otherRegion, bare].every(holds);
}
