import { createHash } from 'node:crypto';
import type { FlyCall, FlyOutcome } from '../../../scripts/fly/run-fly.ts';
import { type ParsedCall, parseCall } from './commands.ts';
import {
  digestOf,
  emptyState,
  type FakeFlyState,
  type FakeMachine,
  type FakeVolume,
} from './fake-fly-state.ts';
import { runOnMachine } from './fake-hoplite.ts';
import { describeMachine, describeVolume } from './fly-json.ts';

/**
 * Plays flyctl 0.4.87: takes the flags that it takes, prints JSON in its shape, and says what it says when something is
 * wrong. The far side is one app, whose machines run Hoplite as far as its answers go.
 */
export class FakeFly {
  readonly state: FakeFlyState;
  /** Every call so far, as words. */
  readonly calls: string[] = [];
  /** What came to stdin, by the call. */
  readonly inputs: string[] = [];
  /** Steps in: what it gives is the outcome, `undefined` lets the call go its way. */
  interfere: (call: ParsedCall) => Partial<FlyOutcome> | undefined = () => undefined;

  constructor(state: FakeFlyState = emptyState()) {
    this.state = state;
  }

  /** As `RunFly`. */
  readonly run = async ({ args, input }: FlyCall): Promise<FlyOutcome> => this.call(args, input);

  call(args: readonly string[], input = ''): FlyOutcome {
    this.calls.push(args.join(' '));
    this.inputs.push(input);
    try {
      const call = parseCall(args);
      const special = this.interfere(call);
      if (special !== undefined) return { exitCode: 0, stdout: '', stderr: '', ...special };
      if (call.command !== 'version' && this.state.user === null) {
        throw new Error("no access token available. Please login with 'flyctl auth login'");
      }
      return { exitCode: 0, stdout: this.#answer(call, input), stderr: '' };
    } catch (error) {
      return { exitCode: 1, stdout: '', stderr: `Error: ${(error as Error).message}\n` };
    }
  }

  /** The calls that changed something. */
  changes(): readonly string[] {
    return this.calls.filter(
      (call) =>
        !/^(auth whoami|\w+ list|config show|config validate|platform|version|status|certs check|certs setup)\b/.test(
          call,
        ) && !/ hoplite (status|backup now)/.test(call),
    );
  }

  #answer(call: ParsedCall, input: string): string {
    const { state } = this;
    const { command, words, flags } = call;
    const json = (value: unknown) => `${JSON.stringify(value, undefined, 4)}\n`;
    switch (command) {
      case 'version':
        return 'fly v0.4.87 linux/amd64 Commit: ad0172f BuildDate: 2026-08-20T00:00:00Z\n';
      case 'auth whoami':
        return `${state.user}\n`;
      case 'auth login':
      case 'auth docker':
      case 'checks list':
      case 'config validate':
      case 'ips list':
      case 'logs':
      case 'releases':
      case 'status':
      case 'machine restart':
      case 'machine start':
      case 'secrets deploy':
        return '';
      case 'platform regions':
        return json(['ams', 'fra', 'iad', 'nrt', 'syd'].map((code) => ({ code, name: code })));
      case 'tokens create deploy':
        return 'FlyV1 fm2_example\n';
      case 'apps list':
        return json(state.apps.map((name) => ({ ID: name, Name: name, Status: 'deployed' })));
      case 'apps create':
        return this.#createApp(words[0] ?? flags.name ?? '');
      case 'apps destroy':
        state.apps = state.apps.filter((name) => !words.includes(name));
        return '';
      case 'storage create':
        return this.#createBucket(flags.name ?? '');
      case 'storage list':
        return state.buckets.map((name) => `${name}\tpersonal\n`).join('');
    }
    this.#expectApp(flags);
    switch (command) {
      case 'machine list':
        return json(state.machines.map((machine) => describeMachine(state.apps[0], machine)));
      case 'machine destroy':
        return this.#destroyMachine(words, flags);
      case 'volumes list':
        return json(state.volumes.map(describeVolume));
      case 'volumes create':
        return this.#createVolumes(words[0] as string, flags);
      case 'volumes destroy':
        state.volumes = state.volumes.filter(({ id }) => !words.includes(id));
        return '';
      case 'volumes extend':
        return '';
      case 'secrets list':
        return json(
          Object.entries(state.secrets).map(([name, value]) => ({
            name,
            digest: createHash('md5').update(value).digest('hex').slice(0, 16),
            status: state.machines.length === 0 ? 'Staged' : 'Deployed',
          })),
        );
      case 'secrets set':
        return this.#setSecrets(words);
      case 'secrets import':
        return this.#setSecrets(input.split('\n').filter((line) => line !== ''));
      case 'secrets unset':
        for (const name of words) delete state.secrets[name];
        return '';
      case 'consul attach':
        // flyctl returns without an error when Consul cannot be enabled (internal/command/consul/attach.go).
        if (state.consulWorks) {
          this.#setSecrets(['FLY_CONSUL_URL=https://:token@consul.example/prefix/']);
        }
        return '';
      case 'certs list':
        return json(state.certificates.map((hostname) => ({ hostname, configured: false })));
      case 'certs add':
        state.certificates.push(words[0] as string);
        return `✓ Certificate created for ${words[0]}\n\nRecommended DNS setup:\n  A    ${words[0]} → 66.241.124.1\n`;
      case 'certs check':
      case 'certs setup':
        return `DNS Setup Options for ${words[0]}\n`;
      case 'config show':
        return state.deployedConfig;
      case 'deploy':
        return this.#deploy(flags);
      case 'scale count':
        return this.#scale(Number(words[0]), (flags.region ?? '').split(','), flags);
      case 'ssh console':
        return runOnMachine(state, flags);
    }
    throw new Error(`the fake has no answer for ${command}`);
  }

  #expectApp(flags: ParsedCall['flags']): void {
    const app = flags.app ?? this.state.appOfFolder;
    if (app === null) {
      throw new Error(
        'the config for your app is missing an app name, add an app field to the fly.toml file or specify with the -a flag',
      );
    }
    if (!this.state.apps.includes(app)) throw new Error(`Could not find App "${app}"`);
  }

  #createApp(name: string): string {
    if (this.state.apps.includes(name)) throw new Error('Name has already been taken');
    this.state.apps.push(name);
    return `New app created: ${name}\n`;
  }

  #createBucket(name: string): string {
    const { state } = this;
    state.buckets.push(name);
    this.#setSecrets([
      `BUCKET_NAME=${name}`,
      'AWS_ACCESS_KEY_ID=tid_example',
      'AWS_SECRET_ACCESS_KEY=tsec_example',
      'AWS_ENDPOINT_URL_S3=https://fly.storage.tigris.dev',
      'AWS_REGION=auto',
    ]);
    return `Your Tigris project (${name}) is ready. See details and next steps with: https://fly.io/docs/tigris/\n`;
  }

  #setSecrets(pairs: readonly string[]): string {
    for (const pair of pairs) {
      const at = pair.indexOf('=');
      if (at < 1)
        throw new Error(`could not parse secrets: '${pair}': must be in the format NAME=VALUE`);
      this.state.secrets[pair.slice(0, at)] = pair.slice(at + 1);
    }
    return 'Secrets are staged for the first deployment\n';
  }

  #createVolumes(name: string, flags: ParsedCall['flags']): string {
    const count = Number(flags.count ?? 1);
    // A single volume without --yes is asked about; nobody is there to answer.
    if (
      count === 1 &&
      flags.yes === undefined &&
      !this.state.volumes.some((v) => v.name === name)
    ) {
      throw new Error('yes flag must be specified when not running interactively');
    }
    if (flags.region === undefined)
      throw new Error('region code is required when not running interactively');
    for (let made = 0; made < count; made++)
      this.#addVolume(name, flags.region, Number(flags.size ?? 1));
    return '';
  }

  #addVolume(name: string, region: string, size: number): FakeVolume {
    const id = `vol_${(this.state.volumes.length + 1).toString().padStart(16, '0')}`;
    const volume: FakeVolume = { id, name, region, size, machine: null };
    this.state.volumes.push(volume);
    return volume;
  }

  #addMachine(region: string, digest: string): FakeMachine {
    const { state } = this;
    const free = state.volumes.find(
      (volume) => volume.region === region && volume.machine === null,
    );
    const volume = free ?? this.#addVolume('hoplite_data', region, 1);
    const id = `${region}${state.machines.length + 1}00a1b2c`;
    volume.machine = id;
    const machine: FakeMachine = { id, region, state: 'started', digest, volume: volume.id };
    state.machines.push(machine);
    return machine;
  }

  #destroyMachine(ids: readonly string[], flags: ParsedCall['flags']): string {
    for (const id of ids) {
      const machine = this.state.machines.find((each) => each.id === id);
      if (machine === undefined) throw new Error(`could not get machine ${id}`);
      if (machine.state === 'started' && flags.force === undefined) {
        throw new Error(`machine ${id} currently started, either stop first or use --force flag`);
      }
      for (const volume of this.state.volumes) if (volume.machine === id) volume.machine = null;
    }
    this.state.machines = this.state.machines.filter(({ id }) => !ids.includes(id));
    return '';
  }

  #deploy(flags: ParsedCall['flags']): string {
    const { state } = this;
    const digest = flags.image?.split('@')[1] ?? digestOf(flags.image ?? 'built here');
    if (state.machines.length === 0) {
      this.#addMachine(state.primaryRegionOfFolder, digest);
    } else {
      const only = (name: string) => flags[name]?.split(',');
      for (const machine of state.machines) {
        const isWanted =
          (only('regions')?.includes(machine.region) ?? true) &&
          !(only('exclude-regions')?.includes(machine.region) ?? false) &&
          (only('only-machines')?.includes(machine.id) ?? true);
        if (isWanted) machine.digest = digest;
      }
    }
    if (
      state.machines.some((m) => m.region === state.primaryRegionOfFolder && m.digest === digest)
    ) {
      state.schema = Math.max(state.schema, state.schemaOfImage[digest] ?? 0);
    }
    if (flags.image === undefined) state.deployedConfig = 'app = "from this folder"\n';
    return '';
  }

  #scale(count: number, regions: readonly string[], flags: ParsedCall['flags']): string {
    const { state } = this;
    const [first] = state.machines;
    if (first === undefined) {
      throw new Error(
        'this app has no complete releases. Run `fly deploy` to create one and rerun this command',
      );
    }
    if (flags.yes === undefined)
      throw new Error('--yes flag must be specified when not running interactively');
    for (const region of regions) {
      const own = () => state.machines.filter((machine) => machine.region === region);
      while (own().length < count) this.#addMachine(region, first.digest);
      while (own().length > count) this.#destroyMachine([own()[0]?.id ?? ''], { force: 'true' });
    }
    return '';
  }
}
