import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterFailure } from './cluster-failure.ts';
import { isNetwork } from './network.ts';
import { projectDir } from './programs.ts';

export const usage = `npm run cluster -- [options]        three regions, four nodes, until Ctrl-C
npm run cluster -- add <id>          one more node, such as syd2
npm run cluster -- stop <id>         ends a node as a deployment does
npm run cluster -- kill <id>         kill -9 of a node
npm run cluster -- start <id>        starts a stopped or killed node again

  --dir <folder>         where everything lies (data/cluster)
  --keep                 go on with the data of the last run
  --network <a.b.c>      the loopback addresses to use, such as 127.0.2 (the first free one)
  --replay fly|forward   how writes reach the primary (fly)
  --latency              adds the latency between the regions
  --json                 one line for programs once all nodes are ready, and no table
  --region <name>        with add: where the node runs (the letters of its id)`;

/** What to do, as the command line says. */
export type ClusterCommand =
  | { readonly do: 'help' }
  | {
      readonly do: 'run';
      readonly dir: string;
      readonly keep: boolean;
      readonly network: string | undefined;
      readonly replay: 'fly' | 'forward';
      readonly latency: boolean;
      readonly json: boolean;
    }
  | { readonly do: 'change'; readonly dir: string; readonly change: NodeChange };

/** A change to a running cluster. */
export type NodeChange =
  | { readonly do: 'add'; readonly id: string; readonly region?: string | undefined }
  | { readonly do: 'stop' | 'start' | 'kill'; readonly id: string };

/** Parses the arguments of the command. Throws a `ClusterFailure` with a sentence and the usage. */
export function parseClusterCommand(args: readonly string[]): ClusterCommand {
  const { values, positionals } = parse(args);
  const [verb, id, ...rest] = positionals;
  const dir = resolve(values.dir ?? `${projectDir}/data/cluster`);
  if (values.help) return { do: 'help' };
  if (rest.length > 0) throw misuse(`${rest[0]} is one word too many`);
  if (verb === undefined) {
    const { replay } = values;
    if (replay !== 'fly' && replay !== 'forward') throw misuse('--replay is fly or forward');
    if (values.region !== undefined) throw misuse('--region belongs to add');
    const { keep, latency, json, network } = values;
    if (network !== undefined && !isNetwork(network)) {
      throw misuse('--network is the first three parts of a loopback address, such as 127.0.2');
    }
    return { do: 'run', dir, keep, network, replay, latency, json };
  }
  if (id === undefined) throw misuse(`${verb} needs the id of a node`);
  switch (verb) {
    case 'add':
      return { do: 'change', dir, change: { do: verb, id, region: values.region } };
    case 'stop':
    case 'start':
    case 'kill':
      return { do: 'change', dir, change: { do: verb, id } };
    default:
      throw misuse(`${verb} is not a command`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        dir: { type: 'string' },
        keep: { type: 'boolean', default: false },
        network: { type: 'string' },
        replay: { type: 'string', default: 'fly' },
        latency: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        region: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw misuse(error.message);
  }
}

function misuse(sentence: string): ClusterFailure {
  return new ClusterFailure(`${sentence.replace(/\.$/, '')}.\n\n${usage}`);
}
