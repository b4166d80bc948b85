import { asApp } from '../../../scripts/fly/as-app.ts';
import type { FakeFlyState } from './fake-fly-state.ts';

/** Runs a command of the image on a machine: what Hoplite answers there, as far as deployments ask. */
export function runOnMachine(
  state: FakeFlyState,
  { machine: id, command: whole = '' }: Readonly<Record<string, string>>,
): string {
  const command = whole.replace(asApp(''), 'hoplite ');
  const machine = state.machines.find((each) => each.id === id && each.state === 'started');
  if (machine === undefined) throw new Error(`--machine="${id}" not found/started`);
  if (command === 'hoplite status --json')
    return `${JSON.stringify(fleetStatus(state), undefined, 2)}\n`;
  if (command === 'hoplite backup now') return 'backed up links at 00000000000001f4\n';
  if (/^hoplite link create \S+ --json$/.test(command)) {
    const slug = `smoke${state.links.length + 1}`;
    state.links.push(slug);
    return `${JSON.stringify({ slug, shortUrl: `https://go.example.com/${slug}` })}\n`;
  }
  const deleted = /^hoplite link delete (\S+) --yes$/.exec(command)?.[1];
  if (deleted !== undefined) {
    state.links = state.links.filter((slug) => slug !== deleted);
    return '';
  }
  throw new Error(
    `ssh shell: exec: "${command.split(' ')[0]}": executable file not found in $PATH`,
  );
}

/** What `hoplite status --json` says: the first machine of the primary region leads. */
export function fleetStatus({ machines, schema, primaryRegionOfFolder }: FakeFlyState) {
  const primary = machines.find(
    ({ region, state }) => region === primaryRegionOfFolder && state === 'started',
  );
  return {
    summary: { isFine: true, sentences: [] },
    nodes: machines.map((machine) => ({
      node: machine.id,
      answers: machine.state === 'started',
      status:
        machine.state === 'started'
          ? {
              node: machine.id,
              region: machine.region,
              role: machine === primary ? 'primary' : 'replica',
              schema,
              durability: machine === primary ? 'replicated' : null,
            }
          : null,
    })),
  };
}
