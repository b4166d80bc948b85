import { type Ending, type RolloutTools, rollOut } from '../../scripts/deploy/deploy.ts';
import { Fly } from '../../scripts/fly/fly.ts';
import { FakeFly } from './fake-fly/fake-fly.ts';
import { digestOf, emptyState } from './fake-fly/fake-fly-state.ts';

/** What the fleet of the bench runs, what it is to run, and that by name. */
export const former = digestOf('former');
export const next = digestOf('next');
export const image = `registry.fly.io/shop@${next}`;

/** The options that each deployment of an image ends with: no machine is made. */
export const tail = '--update-only --ha=false --yes';

/** A fleet of four machines in three regions on a fake Fly, and a clock that goes on only while a roll-out sleeps. */
export class RolloutBench {
  readonly fake = new FakeFly({
    ...emptyState(),
    apps: ['shop'],
    secrets: { BACKUP_URL: 's3://shop/backups' },
    schema: 2,
    schemaOfImage: { [former]: 2, [next]: 3 },
    deployedConfig: 'app = "shop"\n',
    machines: ['ams', 'ams', 'iad', 'syd'].map((region, index) => ({
      id: `${region}${index}`,
      region,
      state: 'started',
      digest: former,
      volume: `vol_${index}`,
    })),
  });
  readonly printed: string[] = [];
  readonly interruption = new AbortController();
  /** What the smoke test finds. */
  smokeFaults: readonly string[] = [];
  /** The machines that it went through. */
  smoked: readonly string[] = [];
  /** What was kept of the configuration before. */
  kept = '';
  nowMs = 0;

  /** Rolls the next image out. */
  run(
    more: { backup?: boolean; anyway?: boolean; image?: () => Promise<string> } = {},
  ): Promise<Ending> {
    const tools: RolloutTools = {
      fly: new Fly(this.fake.run),
      print: (line) => this.printed.push(line),
      image: more.image ?? (async () => image),
      keepConfig: (toml) => {
        this.kept = toml;
        return '/tmp/former.toml';
      },
      smoke: async (machines) => {
        this.smoked = machines.map(({ id }) => id);
        return this.smokeFaults;
      },
      now: () => this.nowMs,
      sleep: async (ms) => {
        this.nowMs += ms;
      },
      signal: this.interruption.signal,
    };
    const { backup = true, anyway = false } = more;
    return rollOut(
      { app: 'shop', primaryRegion: 'ams', schema: 3, backup, anyway, configFile: 'fly.toml' },
      tools,
    );
  }

  /** All that was said. */
  said(): string {
    return this.printed.join('\n');
  }

  /** The deployments so far, as calls of `fly`. */
  deploys(): readonly string[] {
    return this.fake.calls.filter((call) => call.startsWith('deploy '));
  }

  /** What each machine runs. */
  digests(): readonly string[] {
    return this.fake.state.machines.map(({ digest }) => digest);
  }

  stop(id: string): void {
    for (const machine of this.fake.state.machines)
      if (machine.id === id) machine.state = 'stopped';
  }
}
