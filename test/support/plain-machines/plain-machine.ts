import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Child } from '../../../scripts/cluster/child.ts';
import { projectDir } from '../../../scripts/cluster/programs.ts';
import { Namespace, type Switch } from '../../../scripts/faults/world/namespace.ts';
import { parseEnvironmentFile, readServiceUnit } from './unit-file.ts';

const commandTimeoutMs = 60_000;

/** What a command said, and how it ended. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a machine has for itself, over what the machine of the test has. All of it is in memory or in its folder. */
const ownFolders = ['/etc', '/usr/local/bin', '/opt', '/var/lib', '/var/log', '/run'] as const;

/** Where the pages and the units let programs keep what they have compiled; it is the same on all machines, and the next time. */
const caches = ['/var/lib/hoplite/cache', '/var/lib/hoplite/.cache'] as const;
const compiled = join(projectDir, 'node_modules/.cache/plain-machines');

/**
 * A plain machine: a network namespace, and a mount namespace in which /etc, /opt, /var/lib, /run and /usr/local/bin are its own, so
 * that files and commands of a page are used as they stand there. Its units are the shipped ones; systemd is played, as
 * far as it starts, stops and confines a service.
 */
export class PlainMachine implements AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly #dir: string;
  readonly #run: string;
  readonly #namespace: Namespace;
  readonly #within: readonly string[];
  readonly #holder: Child;
  readonly #services = new Map<string, Child>();
  /** Those that are no units of ours, each with its words. */
  readonly #programs = new Map<string, [command: string, ...args: string[]]>();

  private constructor(parts: {
    readonly name: string;
    readonly dir: string;
    readonly run: string;
    readonly namespace: Namespace;
    readonly holder: Child;
  }) {
    this.name = parts.name;
    this.address = parts.namespace.address;
    this.#dir = parts.dir;
    this.#run = parts.run;
    this.#namespace = parts.namespace;
    this.#holder = parts.holder;
    this.#within = [
      ...parts.namespace.within.slice(0, -1),
      `--mount=/proc/${parts.holder.pid}/ns/mnt`,
      '--',
    ];
  }

  /** Makes one in a folder of its own. `host` is the last part of its address. */
  static async create(options: {
    readonly name: string;
    readonly host: number;
    readonly dir: string;
    readonly run: string;
    readonly plug: Switch;
    /** A folder that all machines have at /srv. */
    readonly shared: string;
  }): Promise<PlainMachine> {
    const { name, dir, run } = options;
    await using stack = new AsyncDisposableStack();
    const namespace = stack.use(await Namespace.create(run, name, options.host, options.plug));
    for (const folder of ownFolders) mkdirSync(join(dir, folder), { recursive: true });
    cpSync('/etc', join(dir, 'etc'), { recursive: true, verbatimSymlinks: true });
    for (const folder of ['etc/nginx/sites-enabled', 'etc/nginx/conf.d', 'etc/consul.d'])
      rmSync(join(dir, folder), { recursive: true, force: true });
    for (const folder of [
      'etc/nginx/conf.d',
      'etc/systemd/system',
      'var/log/nginx',
      'var/lib/nginx',
    ])
      mkdirSync(join(dir, folder), { recursive: true });
    mkdirSync(compiled, { recursive: true });
    const systemctl = join(dir, 'usr/local/bin/systemctl');
    writeFileSync(systemctl, '#!/bin/sh\ncat "/run/main-pid-$4" 2>/dev/null || echo 0\n', {
      mode: 0o755,
    });
    const script = [
      'set -e',
      ...ownFolders.map((folder) => `mount --bind '${dir}${folder}' ${folder}`),
      `mount --bind '${options.shared}' /srv`,
      `mkdir /opt/hoplite-1 && mount --bind '${projectDir}' /opt/hoplite-1`,
      // The next release is the same: what was compiled of it need not be compiled again.
      'ln -s /opt/hoplite-1 /opt/hoplite-2',
      ...caches.map((cache) => `mkdir -p ${cache} && mount --bind '${compiled}' ${cache}`),
      'echo ready; exec sleep infinity',
    ];
    const logFile = join(dir, 'machine.log');
    // "unshare" makes the mounts of the new namespace private: nothing of this is seen outside.
    const holder = await Child.start({
      command: 'unshare',
      args: ['--mount', 'sh', '-c', script.join('\n')],
      cwd: '/',
      env: { PATH: process.env.PATH },
      logFile,
      run,
      within: namespace.within,
    });
    stack.defer(async () => void (await holder.kill()));
    while (!readFileSync(logFile, 'utf8').includes('ready')) {
      if (holder.exit !== undefined) throw new Error(readFileSync(logFile, 'utf8'));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    stack.move();
    return new PlainMachine({ name, dir, run, namespace, holder });
  }

  /** Writes a file of the machine. */
  write(path: string, text: string): void {
    const file = join(this.#dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Reads a file of the machine. */
  read(path: string): string {
    return readFileSync(join(this.#dir, path), 'utf8');
  }

  /** What a service has printed. */
  log(service: string): string {
    return readFileSync(this.#logFile(service), 'utf8');
  }

  /** Runs lines of shell as root, to their end. Those of systemctl are played here. */
  async run(script: string): Promise<Said> {
    let said: Said = { code: 0, out: '', err: '' };
    let before = '';
    for (const line of script.split('\n')) {
      const [command, verb = '', ...words] = line.trim().split(/\s+/);
      if (command !== 'systemctl') before += `${line}\n`;
      else {
        said = add(said, await this.#shell(before));
        before = '';
        await this.#systemctl(verb, words.filter((word) => !word.startsWith('-'))[0] ?? '');
      }
      if (said.code !== 0) return said;
    }
    return add(said, await this.#shell(before));
  }

  /** As `run`. Throws when a command fails. */
  async do(script: string): Promise<string> {
    const { code, out, err } = await this.run(script);
    if (code !== 0) throw new Error(`on ${this.name} ended with ${code}: ${script}\n${out}${err}`);
    return out;
  }

  /** Starts a program that is no unit of ours, and stays. */
  async startProgram(name: string, command: string, ...args: readonly string[]): Promise<void> {
    this.#programs.set(name, [command, ...args]);
    const child = await Child.start({
      ...{ command, args, cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
      ...{ logFile: this.#logFile(name), run: this.#run, within: this.#within },
    });
    this.#services.set(name, child);
  }

  /** Loses its power: everything on it ends at once, and says nothing to anybody. */
  async powerOff(): Promise<void> {
    await this.#namespace.firewall.set('power', { input: ['drop'], output: ['drop'] });
    for (const service of [...this.#services.values()]) await service.kill();
    this.#services.clear();
    await this.#namespace.forgetConnections();
    await this.#namespace.firewall.clearAll();
  }

  /** Ends a service at once, and all that it started. */
  async kill(service: string): Promise<void> {
    await this.#services.get(service)?.kill();
    this.#services.delete(service);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of [...this.#services.values()].reverse()) await service.kill();
    await this.#holder.kill();
    await this.#namespace[Symbol.asyncDispose]();
  }

  async #systemctl(verb: string, name: string): Promise<void> {
    switch (verb) {
      case 'daemon-reload':
        return;
      case 'enable':
      case 'start':
        return this.#start(name);
      case 'disable':
      case 'stop':
        return this.#stop(name);
      case 'restart':
        await this.#stop(name);
        return this.#start(name);
      default:
        throw new Error(`systemctl ${verb} is not played`);
    }
  }

  /** As systemd does: a mount namespace of its own below that of the machine, the folders, the environment and the rights. */
  async #start(name: string): Promise<void> {
    const program = this.#programs.get(name);
    if (program !== undefined) return this.startProgram(name, ...program);
    const unit = readServiceUnit(join(this.#dir, `etc/systemd/system/${name}.service`));
    const owner = unit.user ?? 'root';
    for (const folder of unit.folders)
      await this.#shell(`install -d -o ${owner} -m 0711 ${folder}`);
    const files = unit.environmentFiles.map((file) => parseEnvironmentFile(this.read(file)));
    const child = await Child.start({
      command: 'unshare',
      args: [
        '--mount',
        '--propagation',
        'slave',
        'setpriv',
        ...confine(unit),
        '--',
        ...unit.command,
      ],
      cwd: '/',
      env: Object.assign({ ...unit.environment }, ...files),
      logFile: this.#logFile(name),
      run: this.#run,
      within: this.#within,
    });
    this.#services.set(name, child);
    this.write(`run/main-pid-${name}.service`, `${child.pid}\n`);
  }

  async #stop(name: string): Promise<void> {
    const child = this.#services.get(name);
    this.#services.delete(name);
    if (this.#programs.has(name)) return void (await child?.kill());
    const unit = readServiceUnit(join(this.#dir, `etc/systemd/system/${name}.service`));
    rmSync(join(this.#dir, `run/main-pid-${name}.service`), { force: true });
    if (child === undefined) return;
    child.signal(unit.killSignal);
    // What is left after that systemd kills.
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), unit.timeoutStopMs);
    await Promise.race([child.exited, late.promise]);
    clearTimeout(timer);
    await child.kill();
  }

  #shell(script: string): Promise<Said> {
    if (script.trim() === '') return Promise.resolve({ code: 0, out: '', err: '' });
    const [command = 'sh', ...args] = [...this.#within, 'bash', '--norc', '-euc', script];
    return new Promise((resolve) => {
      const env = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
      execFile(command, args, { env, timeout: commandTimeoutMs }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1) || 1, out, err }),
      );
    });
  }

  #logFile(service: string): string {
    return join(this.#dir, `${service}.log`);
  }
}

function add(before: Said, then: Said): Said {
  return { code: then.code, out: before.out + then.out, err: before.err + then.err };
}

/** The words of setpriv for what a unit takes away. */
function confine(unit: ReturnType<typeof readServiceUnit>): string[] {
  const kept = unit.capabilities?.map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`);
  return [
    ...(kept === undefined ? [] : [`--bounding-set=${['-all', ...kept].join(',')}`]),
    ...(unit.noNewPrivileges ? ['--no-new-privs'] : []),
    ...(unit.user === undefined
      ? []
      : [`--reuid=${unit.user}`, `--regid=${unit.user}`, '--clear-groups']),
  ];
}
