/** What a command of `fly` takes. Sources: flyctl 0.4.87, `internal/command`, and https://fly.io/docs/flyctl/cmd/. */
export interface FlyCommand {
  /** How many words beside the flags. */
  readonly words: readonly [least: number, most: number];
  /** Flags by their long name: those that have a value, and those that are said or not. */
  readonly values: readonly string[];
  readonly switches: readonly string[];
}

const app = ['app', 'config'];

/** The short forms that mean the same everywhere; -s and -n, for one, do not. */
export const shortFlags: Readonly<Record<string, string>> = {
  a: 'app',
  c: 'config',
  j: 'json',
  y: 'yes',
  r: 'region',
  o: 'org',
  C: 'command',
};

/** The commands that this project calls or tells people to call. */
export const commands: Readonly<Record<string, FlyCommand>> = {
  'auth whoami': { words: [0, 0], values: [], switches: ['json'] },
  'auth login': { words: [0, 0], values: [], switches: ['interactive'] },
  'auth docker': { words: [0, 0], values: [], switches: [] },
  'apps list': { words: [0, 0], values: ['org'], switches: ['json', 'quiet'] },
  'apps create': {
    words: [0, 1],
    values: ['name', 'org', 'network'],
    switches: ['json', 'yes', 'save', 'generate-name'],
  },
  'apps destroy': { words: [1, 9], values: [], switches: ['yes'] },
  'certs add': { words: [1, 1], values: app, switches: ['json'] },
  'certs check': { words: [1, 1], values: app, switches: ['json'] },
  'certs list': { words: [0, 0], values: app, switches: ['json'] },
  'certs setup': { words: [1, 1], values: app, switches: ['json'] },
  'checks list': { words: [0, 0], values: [...app, 'check-name'], switches: ['json'] },
  'config show': { words: [0, 0], values: app, switches: ['local', 'yaml', 'toml'] },
  'config validate': { words: [0, 0], values: app, switches: ['strict'] },
  'consul attach': { words: [0, 0], values: [...app, 'variable-name'], switches: [] },
  deploy: {
    words: [0, 1],
    values: [
      ...app,
      'image',
      'image-label',
      'strategy',
      'regions',
      'exclude-regions',
      'only-machines',
      'exclude-machines',
      'wait-timeout',
      'max-unavailable',
      'primary-region',
      'env',
      'dockerfile',
      'build-arg',
      'vm-memory',
      'vm-size',
    ],
    switches: [
      'yes',
      'ha',
      'update-only',
      'build-only',
      'push',
      'remote-only',
      'local-only',
      'detach',
      'no-public-ips',
    ],
  },
  'ips list': { words: [0, 0], values: app, switches: ['json'] },
  logs: { words: [0, 0], values: [...app, 'machine', 'region'], switches: ['json', 'no-tail'] },
  'machine destroy': { words: [1, 9], values: app, switches: ['force'] },
  'machine list': { words: [0, 0], values: app, switches: ['json', 'quiet'] },
  'machine restart': {
    words: [0, 9],
    values: [...app, 'signal', 'time'],
    switches: ['force', 'skip-health-checks'],
  },
  'machine start': { words: [0, 9], values: app, switches: [] },
  'platform regions': { words: [0, 0], values: [], switches: ['json'] },
  releases: { words: [0, 0], values: app, switches: ['json', 'image'] },
  'scale count': {
    words: [1, 9],
    values: [
      ...app,
      'region',
      'max-per-region',
      'process-group',
      'from-snapshot',
      'vm-size',
      'vm-memory',
      'env',
    ],
    switches: ['yes', 'with-new-volumes'],
  },
  'secrets import': { words: [0, 0], values: app, switches: ['stage', 'detach', 'dns-checks'] },
  'secrets list': { words: [0, 0], values: app, switches: ['json'] },
  'secrets set': { words: [1, 99], values: app, switches: ['stage', 'detach', 'dns-checks'] },
  'secrets unset': { words: [1, 99], values: app, switches: ['stage', 'detach', 'dns-checks'] },
  'secrets deploy': { words: [0, 0], values: app, switches: ['detach', 'dns-checks'] },
  'ssh console': {
    words: [0, 1],
    values: [
      ...app,
      'org',
      'command',
      'machine',
      'region',
      'address',
      'container',
      'user',
      'process-group',
    ],
    switches: ['select', 'quiet', 'pty', 'no-container'],
  },
  status: { words: [0, 0], values: app, switches: ['json', 'all', 'watch'] },
  'storage create': {
    words: [0, 0],
    values: [...app, 'org', 'name'],
    switches: ['yes', 'public', 'accelerate'],
  },
  'storage list': { words: [0, 0], values: ['org'], switches: ['yes'] },
  'tokens create deploy': { words: [0, 0], values: [...app, 'name', 'expiry'], switches: ['json'] },
  version: { words: [0, 0], values: [], switches: ['json'] },
  'volumes create': {
    words: [1, 1],
    values: [
      ...app,
      'region',
      'size',
      'snapshot-retention',
      'snapshot-id',
      'count',
      'vm-memory',
      'vm-size',
    ],
    switches: [
      'json',
      'yes',
      'scheduled-snapshots',
      'no-encryption',
      'require-unique-zone',
      'unique-zone-app-wide',
    ],
  },
  'volumes destroy': { words: [1, 9], values: app, switches: ['yes'] },
  'volumes extend': { words: [1, 1], values: [...app, 'size'], switches: ['json', 'yes'] },
  'volumes list': { words: [0, 0], values: app, switches: ['json', 'all'] },
};

/** A call, read. */
export interface ParsedCall {
  readonly command: string;
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
}

/** Reads the arguments of a call as flyctl does. Throws what it would say. */
export function parseCall(args: readonly string[]): ParsedCall {
  const command = [3, 2, 1]
    .map((length) => args.slice(0, length).join(' '))
    .find((name) => name in commands);
  if (command === undefined) {
    throw new Error(`unknown command "${args.slice(0, 2).join(' ')}" for "flyctl"`);
  }
  const spec = commands[command] as FlyCommand;
  const words: string[] = [];
  const flags: Record<string, string> = {};
  const rest = args.slice(command.split(' ').length);
  for (let index = 0; index < rest.length; index++) {
    const arg = rest[index] as string;
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg);
      continue;
    }
    const [given = '', inline] = splitOnce(arg.replace(/^--?/, ''), '=');
    const name = arg.startsWith('--') ? given : shortFlags[given];
    if (name !== undefined && spec.switches.includes(name)) flags[name] = inline ?? 'true';
    else if (name !== undefined && spec.values.includes(name)) {
      const value = inline ?? rest[++index];
      if (value === undefined) throw new Error(`flag needs an argument: ${arg}`);
      flags[name] = value;
    } else throw new Error(`unknown flag: ${arg}`);
  }
  const [least, most] = spec.words;
  if (words.length < least || words.length > most) {
    throw new Error(`accepts between ${least} and ${most} arg(s), received ${words.length}`);
  }
  return { command, words, flags };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
