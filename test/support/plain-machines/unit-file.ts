import { readFileSync } from 'node:fs';

/** What a unit of systemd says of how its service is run. */
export interface ServiceUnit {
  /** Absolute. */
  readonly command: readonly string[];
  readonly environmentFiles: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  /** The capabilities that it keeps; `undefined` for all. */
  readonly capabilities: readonly string[] | undefined;
  readonly noNewPrivileges: boolean;
  readonly killSignal: NodeJS.Signals;
  readonly timeoutStopMs: number;
  /** Folders below /var/lib and /run that it owns. */
  readonly folders: readonly string[];
}

/** The settings of a section in their order, as `[name, value]`; a name may come more than once. */
export function readSettings(file: string, section: string): [name: string, value: string][] {
  let current = '';
  const settings: [string, string][] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const text = line.trim();
    if (text === '' || /^[#;]/.test(text)) continue;
    const heading = /^\[(.+)\]$/.exec(text)?.[1];
    if (heading !== undefined) current = heading;
    else if (current === section) {
      const at = text.indexOf('=');
      settings.push([text.slice(0, at), text.slice(at + 1)]);
    }
  }
  return settings;
}

/** Reads a service. */
export function readServiceUnit(file: string): ServiceUnit {
  const settings = readSettings(file, 'Service');
  const all = (name: string) => settings.filter(([each]) => each === name).map(([, text]) => text);
  const words = (name: string) => all(name).flatMap((text) => text.split(/\s+/).filter(Boolean));
  const bounding = all('CapabilityBoundingSet');
  const state = words('StateDirectory').map((name) => `/var/lib/${name}`);
  return {
    command: words('ExecStart'),
    environmentFiles: all('EnvironmentFile'),
    environment: Object.fromEntries(words('Environment').map(splitPair)),
    user: all('User')[0],
    capabilities: bounding.length === 0 ? undefined : words('CapabilityBoundingSet'),
    noNewPrivileges: all('NoNewPrivileges')[0] === 'yes',
    killSignal: (all('KillSignal')[0] ?? 'SIGTERM') as NodeJS.Signals,
    timeoutStopMs: Number.parseInt(all('TimeoutStopSec')[0] ?? '90s', 10) * 1000,
    folders: [...state, ...words('RuntimeDirectory').map((name) => `/run/${name}`)],
  };
}

/** Reads the variables of an `EnvironmentFile`, as far as they need no quotes. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map(splitPair));
}

function splitPair(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
