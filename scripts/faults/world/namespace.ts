import { readdirSync } from 'node:fs';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';
import { runTool } from './command.ts';
import { Firewall } from './firewall.ts';

/** Where `ip netns` keeps the names. */
const namesDir = '/run/netns';
const bridge = 'hoplite';

/** The network of the run. It is seen from nowhere else, so every run may have the same. */
const prefix = '10.77.0';
const driverHost = 254;

/** What names of namespaces begin with, by the id of the run. */
function namePrefix(run: string): string {
  return `hoplite-${run.slice(0, 12)}-`;
}

/** What the namespaces are plugged into. */
export class Switch implements AsyncDisposable {
  readonly #name: string | undefined;

  private constructor(name: string | undefined) {
    this.#name = name;
  }

  /** Makes this process's own network namespace the switch, which ends with it: it then has an address beside the others. */
  static async openHere(): Promise<Switch> {
    const made = new Switch(undefined);
    await made.#open();
    return made;
  }

  /** Makes a network namespace for the switch alone, for a process that stays in a network that others use. */
  static async create(run: string): Promise<Switch> {
    const name = `${namePrefix(run)}switch`;
    await runTool('ip', ['netns', 'add', name]);
    const made = new Switch(name);
    await made.#open();
    return made;
  }

  /** The words before a command that run it at the switch, with an address that is no machine's. */
  get within(): readonly string[] {
    return this.#name === undefined ? [] : ['nsenter', `--net=${namesDir}/${this.#name}`, '--'];
  }

  /** Puts a cable between the switch and a namespace, where it is `eth0`. */
  async plugIn(namespace: string, host: number): Promise<void> {
    const port = `port${host}`;
    const far = ['peer', 'name', 'eth0', 'netns', namespace];
    await this.#ip('link', 'add', port, 'type', 'veth', ...far);
    await this.#ip('link', 'set', port, 'master', bridge, 'up');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#name !== undefined) await runTool('ip', ['netns', 'delete', this.#name]);
  }

  async #open(): Promise<void> {
    await this.#ip('link', 'set', 'lo', 'up');
    await this.#ip('link', 'add', bridge, 'type', 'bridge');
    await this.#ip('addr', 'add', `${prefix}.${driverHost}/24`, 'dev', bridge);
    await this.#ip('link', 'set', bridge, 'up');
  }

  async #ip(...words: readonly string[]): Promise<void> {
    await runTool('ip', this.#name === undefined ? words : ['-n', this.#name, ...words]);
  }
}

/** A network namespace: a machine of its own as far as packets are concerned. */
export class Namespace implements AsyncDisposable {
  readonly address: string;
  /** The words before a command that run it there. Mounts are seen in and out, which `ip netns exec` would not do. */
  readonly within: readonly string[];
  readonly firewall: Firewall;
  readonly #name: string;

  private constructor(name: string, host: number) {
    this.#name = name;
    this.address = `${prefix}.${host}`;
    this.within = ['nsenter', `--net=${namesDir}/${name}`, '--'];
    this.firewall = new Firewall(this.within);
  }

  /** Makes one and plugs it into the switch. `host` is the last part of its address. */
  static async create(run: string, part: string, host: number, plug: Switch): Promise<Namespace> {
    const name = `${namePrefix(run)}${part}`;
    const made = new Namespace(name, host);
    await runTool('ip', ['netns', 'add', name]);
    await plug.plugIn(name, host);
    await made.#ip('link', 'set', 'lo', 'up');
    await made.#ip('addr', 'add', `${made.address}/24`, 'dev', 'eth0');
    await made.#ip('link', 'set', 'eth0', 'up');
    return made;
  }

  /**
   * Ends all its connections without a word to the other side. The kernel would go on sending what a killed process had
   * written, as soon as packets pass again.
   */
  async forgetConnections(): Promise<void> {
    const [command = 'ss', ...args] = [...this.within, 'ss', '-K', '-t', 'src', this.address];
    await runTool(command, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runTool('ip', ['netns', 'delete', this.#name]);
  }

  async #ip(...words: readonly string[]): Promise<void> {
    await runTool('ip', ['-n', this.#name, ...words]);
  }
}

/** Takes away the namespaces that a run left behind. Its processes must have ended. */
export async function sweepNamespaces(run: string): Promise<void> {
  for (const name of namesOf(run)) await runTool('ip', ['netns', 'delete', name]);
  const [left] = namesOf(run);
  if (left !== undefined) throw new ClusterFailure(`The namespace ${left} cannot be taken away.`);
}

function namesOf(run: string): string[] {
  try {
    return readdirSync(namesDir).filter((name) => name.startsWith(namePrefix(run)));
  } catch (error) {
    // There has never been one.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
