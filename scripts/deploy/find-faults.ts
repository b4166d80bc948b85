import type { Machine } from '../fly/fly.ts';
import type { NodeStatus } from './fleet-status.ts';

/** What a part of the fleet should be after a step. */
export interface Wanted {
  readonly primaryRegion: string;
  /** The regions that have the release; the others are judged by their role alone. */
  readonly regions: readonly string[];
  /** `sha256:…` of the image. */
  readonly digest: string;
  /** The number of the newest migration of the release. */
  readonly schema: number;
}

/** The sentences of all that is not as wanted; none when all is. */
export function findFaults(
  machines: readonly Machine[],
  nodes: readonly NodeStatus[],
  wanted: Wanted,
): readonly string[] {
  return [
    ...findRoleFaults(machines, nodes, wanted.primaryRegion),
    ...machines
      .filter(({ region }) => wanted.regions.includes(region))
      .flatMap((machine) => [
        ...findMachineFaults(machine, wanted.digest),
        ...findSchemaFaults(machine, statusOf(nodes, machine), wanted.schema),
      ]),
  ];
}

/** What is wrong with who writes and who follows, whatever release they run. */
export function findRoleFaults(
  machines: readonly Machine[],
  nodes: readonly NodeStatus[],
  primaryRegion: string,
): readonly string[] {
  const faults = machines.flatMap((machine) => {
    const { id, region, state } = machine;
    if (state !== 'started') return [`${id} in ${region} is ${state}.`];
    const status = statusOf(nodes, machine);
    if (status === null) return [`${id} in ${region} does not answer the other nodes.`];
    if (status.role === 'joining') return [`${id} in ${region} has no copy of the links yet.`];
    if (status.role === 'detached') return [`${id} in ${region} knows no primary.`];
    return [];
  });
  const primaries = nodes.filter(({ status }) => status?.role === 'primary');
  const [primary] = primaries;
  if (primary === undefined) return [...faults, 'No node is the primary.'];
  if (primaries.length > 1) {
    const names = primaries.map(({ node }) => node).join(' and ');
    return [...faults, `${names} each say that they are the primary.`];
  }
  const { node, status } = primary;
  if (status?.region !== primaryRegion) {
    faults.push(`The primary is ${node} in ${status?.region}, not in ${primaryRegion}.`);
  }
  if (status?.durability === null) faults.push(`${node} is the primary and takes no writes.`);
  return faults;
}

function findMachineFaults({ id, region, digest }: Machine, wanted: string): readonly string[] {
  return digest === wanted
    ? []
    : [`${id} in ${region} runs ${digest || 'an image without a digest'}, not ${wanted}.`];
}

/** A newer schema is fine: a release works on the one after its own. */
function findSchemaFaults(
  { id, region }: Machine,
  status: NodeStatus['status'],
  wanted: number,
): readonly string[] {
  if (status === null || (status.schema ?? 0) >= wanted) return [];
  return [
    `${id} in ${region} has the schema ${status.schema ?? 'of no migration'}, not ${wanted}.`,
  ];
}

function statusOf(nodes: readonly NodeStatus[], { id }: Machine): NodeStatus['status'] {
  return nodes.find(({ node }) => node === id)?.status ?? null;
}
