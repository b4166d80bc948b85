import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRun, releaseFolder, takeFolder } from '../../../scripts/cluster/folder.ts';
import { projectDir } from '../../../scripts/cluster/programs.ts';
import { runTool } from '../../../scripts/faults/world/command.ts';
import { Switch, sweepNamespaces } from '../../../scripts/faults/world/namespace.ts';
import { type Block, readBlocks } from './document.ts';
import { PlainMachine, type Said } from './plain-machine.ts';

/** The machines of docs/self-host.md and of the pages about changes to a fleet. */
const plans = {
  ams1: { host: 1, region: 'ams', candidate: true },
  ams2: { host: 2, region: 'ams', candidate: true },
  iad1: { host: 3, region: 'iad', candidate: false },
  syd1: { host: 4, region: 'syd', candidate: false },
} as const;
export type MachineName = keyof typeof plans;
const firstMachines = ['ams1', 'ams2', 'iad1'] as const;

/** Machines of which pages speak, and what stands there for a secret. */
export class PlainFleet implements AsyncDisposable {
  /** What stands for each `<WORD>` of a page. */
  readonly secrets: Record<string, string> = {
    ADMIN_KEY: randomBytes(24).toString('hex'),
    NEXT_ADMIN_KEY: randomBytes(24).toString('hex'),
    FLEET_SECRET: randomBytes(32).toString('hex'),
    NEXT_FLEET_SECRET: randomBytes(32).toString('hex'),
    BACKUP_KEY: randomBytes(32).toString('hex'),
    NEXT_BACKUP_KEY: randomBytes(32).toString('hex'),
    GOSSIP_KEY: randomBytes(32).toString('base64'),
    CONSUL_MANAGEMENT_TOKEN: randomUUID(),
    CONSUL_TOKEN: randomUUID(),
  };
  readonly dir: string;
  /** The ids of all blocks that were played. */
  readonly played = new Set<string>();
  /** Where no machine is. */
  readonly outside: Switch;
  readonly #run: string;
  readonly #machines = new Map<MachineName, PlainMachine>();
  #owned = new AsyncDisposableStack();

  private constructor(dir: string, run: string, plug: Switch) {
    this.dir = dir;
    this.#run = run;
    this.outside = plug;
  }

  /** Makes the first three machines, with nothing on them but a release. Takes away what a killed run left behind. */
  static async create(dir = join(projectDir, 'data/test-plain-machines')): Promise<PlainFleet> {
    await using stack = new AsyncDisposableStack();
    const last = readRun(dir);
    const { id: run } = await takeFolder(dir, { keep: false });
    if (last !== undefined) await sweepNamespaces(last.id);
    stack.defer(() => releaseFolder(dir));
    const plug = stack.use(await Switch.create(run));
    const fleet = new PlainFleet(dir, run, plug);
    mkdirSync(join(dir, 'shared/backups'), { recursive: true });
    // Each machine has a user of its own for it.
    chmodSync(join(dir, 'shared/backups'), 0o777);
    stack.defer(() => fleet.#endMachines());
    await Promise.all(firstMachines.map((name) => fleet.addMachine(name)));
    fleet.#owned = stack.move();
    return fleet;
  }

  /** The machines that there are, in the order of the pages. */
  get machines(): readonly PlainMachine[] {
    return [...this.#machines.entries()]
      .toSorted(([a], [b]) => plans[a].host - plans[b].host)
      .map(([, machine]) => machine);
  }

  /** A machine by its name. */
  machine(name: MachineName): PlainMachine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  /** Makes a machine with nothing on it but a release. */
  async addMachine(name: MachineName): Promise<PlainMachine> {
    const { host } = plans[name];
    const dir = join(this.dir, name);
    const machine = await PlainMachine.create({
      ...{ name, host, dir, run: this.#run, plug: this.outside },
      shared: join(this.dir, 'shared'),
    });
    this.#machines.set(name, machine);
    return machine;
  }

  /** Takes a machine away for good. */
  async loseMachine(name: MachineName): Promise<void> {
    const machine = this.machine(name);
    await machine.powerOff();
    this.#machines.delete(name);
    await machine[Symbol.asyncDispose]();
  }

  /** A page's text as it is meant for a machine: secrets filled in, names and addresses those of the machine. */
  adapt(text: string, name: MachineName): string {
    return this.fill(asFor(text, name));
  }

  /** A page's text with the secrets filled in. */
  fill(text: string): string {
    return text.replace(/<([A-Z_]+)>/g, (all, word) => this.secrets[word] ?? all);
  }

  /** Does what a block of a page says on one machine. */
  async play(block: Block, name: MachineName): Promise<string> {
    const machine = this.machine(name);
    this.played.add(block.id);
    if (!block.isFile) return machine.do(this.adapt(block.text, name));
    machine.write(block.what.split(',')[0] ?? '', `${this.adapt(block.text, name)}`);
    return '';
  }

  /** Runs a command where no machine is. */
  async fromOutside(...command: readonly string[]): Promise<Said> {
    const [first = '', ...args] = [...this.outside.within, ...command];
    try {
      return { code: 0, out: await runTool(first, args), err: '' };
    } catch (error) {
      return { code: 1, out: '', err: String(error) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  async #endMachines(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine[Symbol.asyncDispose]()));
  }
}

/** Pages show what is for ams1; what names another machine is meant for all. */
function asFor(text: string, name: MachineName): string {
  const { host, region, candidate } = plans[name];
  if (!/^(?:NODE_ID=|node_name|upstream |until curl)/m.test(text)) return text;
  const [own, other] = ['10.77.0.1', `10.77.0.${host}`];
  return text
    .replace(/^NODE_ID=.*$/m, `NODE_ID=${name}`)
    .replace(/^REGION=.*$/m, `REGION=${region}`)
    .replace(/^LITEFS_CANDIDATE=.*$/m, `LITEFS_CANDIDATE=${candidate}`)
    .replace(/^node_name( *)=.*$/m, `node_name$1= "${name}"`)
    .split('\n')
    .map((line) =>
      /retry_join|backup;/.test(line)
        ? line.replace(`${other}:`, `${own}:`)
        : line.replace(own, other),
    )
    .join('\n');
}

/** The blocks of a section of a page. */
export function blocksOf(page: string, section: string): readonly Block[] {
  const blocks = readBlocks(page).filter((block) => block.section === section);
  if (blocks.length === 0) throw new Error(`${page} has no block to run below "${section}"`);
  return blocks;
}
