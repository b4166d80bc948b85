import { findRoleFaults } from '../deploy/find-faults.ts';
import { parseFleetStatus } from '../deploy/fleet-status.ts';
import { asApp } from '../fly/as-app.ts';
import type { Fly } from '../fly/fly.ts';
import { FlyFailure } from '../fly/fly-failure.ts';
import { toShellWords } from '../fly/shell-words.ts';
import { originOf } from './fly-toml.ts';
import type { Change, Choices, Step, World } from './step.ts';
import { appStep } from './steps/app.ts';
import { backupsStep } from './steps/backups.ts';
import { certificateStep } from './steps/certificate.ts';
import { consulStep } from './steps/consul.ts';
import { firstDeploymentStep } from './steps/first-deployment.ts';
import { machinesStep } from './steps/machines.ts';
import { secretsStep } from './steps/secrets.ts';
import { createSecretsDeployedStep } from './steps/secrets-deployed.ts';
import { volumesStep } from './steps/volumes.ts';

/** What the way is walked with. */
export interface SetUpTools {
  readonly fly: Fly;
  readonly print: (line: string) => void;
  /** Asks a person; always yes with `--yes`. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** Whether nothing may be changed: what would be run is printed. */
  readonly isDryRun: boolean;
  readonly configFile: string;
  readonly randomSecret: () => string;
  /** A monotonic clock, milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** How the way ended: at its end, or where a person did not want to go on. */
export type SetUpEnding = 'done' | 'stopped';

/** A first start builds no image and copies nothing, but machines have to be placed and started. */
const patienceMs = 300_000;

/**
 * Walks from nothing to a running fleet. Every step looks first, says what it would run and why, asks, and looks
 * again; so it can be run again at any time, and goes on where it ended. Rejects with a `FlyFailure`.
 */
export async function setUp(choices: Choices, tools: SetUpTools): Promise<SetUpEnding> {
  const { fly, print, isDryRun } = tools;
  const drawn: Record<string, string> = {};
  let wereStaged = false;
  const hadMachines = (await createWorld().machines()).length > 0;
  const steps: readonly Step[] = [
    appStep,
    secretsStep,
    consulStep,
    backupsStep,
    volumesStep,
    firstDeploymentStep,
    machinesStep,
    createSecretsDeployedStep(() => wereStaged && hadMachines),
    certificateStep,
  ];
  for (const step of steps) {
    const world = createWorld();
    const changes = await step.plan(world);
    if (changes.length === 0) {
      print(`✓ ${step.title}`);
      continue;
    }
    print(`\n${step.title}. ${step.why}`);
    for (const change of changes) print(describeChange(change));
    if (isDryRun) continue;
    if (!(await tools.confirm(changes.length === 1 ? 'Run it?' : 'Run these?'))) {
      if (step.isOptional === true) continue;
      print('Stopped here. Run this again to go on; what is there is not made twice.');
      return 'stopped';
    }
    for (const change of changes) await make(change);
    await step.check?.(createWorld());
  }
  if (isDryRun) {
    print('\nNothing was changed: this was a dry run.');
    return 'done';
  }
  await awaitFleet();
  describeEnd();
  return 'done';

  async function make({ args, secrets }: Change): Promise<void> {
    if (secrets === undefined) return fly.change(args);
    Object.assign(drawn, secrets);
    wereStaged = true;
    await fly.change(
      args,
      Object.entries(secrets)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
  }

  async function awaitFleet(): Promise<void> {
    print('\nWaiting until every machine has the links and one of them is the primary.');
    const until = tools.now() + patienceMs;
    for (;;) {
      const faults = await findFaults();
      if (faults.length === 0) return;
      if (tools.now() >= until) {
        throw new FlyFailure(
          `The machines are there, but the fleet is not well:\n${faults.join('\n')}`,
        );
      }
      await tools.sleep(5_000);
    }
  }

  async function findFaults(): Promise<readonly string[]> {
    try {
      const machines = await fly.machines(choices.app);
      const asked = machines.find(({ state }) => state === 'started');
      if (asked === undefined) return ['No machine runs.'];
      const printed = await fly.onMachine(choices.app, asked.id, asApp('status --json'));
      return findRoleFaults(machines, parseFleetStatus(printed), choices.primaryRegion);
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  function describeEnd(): void {
    const keep = Object.entries(drawn).filter(
      ([name]) => name === 'ADMIN_KEY' || name === 'BACKUP_KEY',
    );
    if (keep.length > 0) {
      print('\nKeep these now, in a place that is not Fly; nothing shows them again:');
      for (const [name, value] of keep) print(`  ${name}=${value}`);
    }
    const { app, domain } = choices;
    print(`\nThe fleet runs: ${originOf(choices)}/status with the admin key.`);
    if (domain !== undefined)
      print(`What to enter in the DNS of ${domain}:  fly certs setup ${domain} --app ${app}`);
    print(
      [
        'To have each push to main deployed, commit fly.toml, and give GitHub a token of this app as the secret',
        `FLY_API_TOKEN of the environment "production", and the app's name as the variable FLY_APP of the`,
        'repository (docs/deploy.md):',
        `  fly tokens create deploy --app ${app} --expiry 8760h`,
      ].join('\n'),
    );
  }

  /** Looks at each thing at most once. */
  function createWorld(): World {
    const seen = new Map<string, Promise<unknown>>();
    const once = <T>(name: string, look: () => Promise<T>): Promise<T> => {
      const known = (seen.get(name) as Promise<T> | undefined) ?? look();
      seen.set(name, known);
      return known;
    };
    const apps = () => once('apps', () => fly.apps());
    const ofApp = async <T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> =>
      (await apps()).includes(choices.app) ? look() : [];
    const { app } = choices;
    return {
      choices,
      configFile: tools.configFile,
      randomSecret: tools.randomSecret,
      apps,
      machines: () => once('machines', () => ofApp(() => fly.machines(app))),
      volumes: () => once('volumes', () => ofApp(() => fly.volumes(app))),
      certificates: () => once('certificates', () => ofApp(() => fly.certificates(app))),
      secretNames: () =>
        once(
          'secrets',
          async () => new Set((await ofApp(() => fly.secrets(app))).map(({ name }) => name)),
        ),
    };
  }
}

/** The command, with the names of the secrets that it reads and not their values. */
function describeChange({ args, secrets }: Change): string {
  const line = `$ ${toShellWords(['fly', ...args])}`;
  return secrets === undefined
    ? line
    : `${line}    # reads ${Object.keys(secrets).join(', ')} from stdin`;
}
