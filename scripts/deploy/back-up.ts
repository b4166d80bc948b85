import { asApp } from '../fly/as-app.ts';
import type { Fly, Machine } from '../fly/fly.ts';
import { DeployFailure } from './deploy-failure.ts';

/**
 * Takes a backup of the whole fleet, on a machine that has least to do with writes: one of another region where there is
 * one. Rejects where no backups are set up, and where it fails; either way nothing was deployed yet.
 */
export async function takeBackup(
  fleet: {
    readonly app: string;
    readonly primaryRegion: string;
    readonly machines: readonly Machine[];
    /** fly.toml as Fly has it, where BACKUP_URL may be as well. */
    readonly config: string;
  },
  { fly, print }: { readonly fly: Fly; readonly print: (line: string) => void },
): Promise<void> {
  const { app, primaryRegion, machines, config } = fleet;
  const secrets = await fly.secrets(app);
  const has = (name: string) => secrets.some((secret) => secret.name === name);
  // What "fly storage create" names is enough with a key.
  const isSetUp =
    has('BACKUP_URL') ||
    (has('BUCKET_NAME') && has('BACKUP_KEY')) ||
    /^\s*BACKUP_URL\s*=/m.test(config);
  if (!isSetUp) {
    throw new DeployFailure(
      `${app} has no BACKUP_URL, so there is nowhere to put a backup before the deployment. "npm run fly-setup" sets one ` +
        'up; --backup no deploys without.',
    );
  }
  const machine = machines.find(({ region }) => region !== primaryRegion) ?? machines[0];
  if (machine === undefined) throw new DeployFailure(`${app} has no machine.`);
  print(`\nA backup, on ${machine.id} in ${machine.region}:`);
  print((await fly.onMachine(app, machine.id, asApp('backup now'))).trim());
}
