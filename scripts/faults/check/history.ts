import type { EventOf, HistoryEvent, HistoryRecord, Operation, OperationName } from '../history.ts';
import { type FaultWindow, mayCutOff, toFaultWindows, touches } from './fault-window.ts';
import { type Hits, toHits } from './hits.ts';
import { SlugHistory } from './slug-history.ts';

const writeNames: ReadonlySet<OperationName> = new Set([
  'create',
  'createCustom',
  'update',
  'delete',
  'recreate',
]);

/** Copies follow within this once nothing keeps them from it (docs/faults.md). */
export const settleMs = 2_000;

type Events = { readonly [Name in HistoryEvent['event']]: readonly EventOf<Name>[] };

/** A history in the forms in which the invariants look at it. Everything is in the order of time. */
export interface History {
  readonly run: EventOf<'run'>;
  /** By when they began. */
  readonly operations: readonly Operation[];
  /** Those that write to links.db. */
  readonly writes: readonly Operation[];
  /** Creates whose slug nobody was told. */
  readonly slugless: readonly Operation[];
  readonly slugs: ReadonlyMap<string, SlugHistory>;
  /** All writes by what they wrote, refused ones too. */
  readonly writesOf: ReadonlyMap<string, readonly Operation[]>;
  /** By slug. */
  readonly hits: ReadonlyMap<string, Hits>;
  readonly events: Events;
  readonly faults: readonly FaultWindow[];
  /** The node that answered, when that is known. */
  nodeOf(operation: Operation): string | undefined;
  /** Whether a node became primary after `from` and, give or take how it is noticed, before `to`. */
  hasNewPrimary(from: number, to: number): boolean;
  /** Whether nothing has kept `node` from following the primary from `from` to `to`; any node when it is not known. */
  isCalm(node: string | undefined, from: number, to: number): boolean;
}

/** Sorts out a history. Throws when it does not say what the run was. */
export function toHistory(records: Iterable<HistoryRecord>): History {
  const operations: Operation[] = [];
  const events = noEvents();
  for (const record of records) {
    if ('event' in record) (events[record.event] as HistoryEvent[]).push(record);
    else operations.push(record);
  }
  operations.sort((one, other) => one.invokedAt - other.invokedAt);
  for (const list of Object.values(events)) list.sort((one, other) => one.at - other.at);
  const run = events.run[0];
  if (run === undefined) throw new Error('The history has no event of the run.');
  const writes = operations.filter(isWrite);
  const faults = toFaultWindows(events.fault);
  const nodes = new Set(run.nodes.map((node) => node.id));
  for (const event of events.node) nodes.add(event.node);
  return {
    run,
    operations,
    writes,
    slugless: writes.filter((write) => write.key === null && write.type !== 'fail'),
    slugs: toSlugs(writes),
    writesOf: Map.groupBy(
      writes.filter((write) => write.arg.destination !== undefined),
      (write) => write.arg.destination as string,
    ),
    hits: toHits(operations),
    events,
    faults,
    nodeOf: (operation) => operation.node ?? (nodes.has(operation.via) ? operation.via : undefined),
    hasNewPrimary: (from, to) =>
      events.primary.some((primary) => primary.at > from && primary.at <= to + settleMs),
    isCalm: (node, from, to) =>
      !faults.some((fault) => mayCutOff(fault, node) && touches(fault, from, to, settleMs)),
  };
}

/** Whether it writes to links.db. */
export function isWrite({ op }: Pick<Operation, 'op'>): boolean {
  return writeNames.has(op);
}

function toSlugs(writes: readonly Operation[]): Map<string, SlugHistory> {
  const bySlug = new Map<string, Operation[]>();
  for (const write of writes) {
    if (write.key === null || write.type === 'fail') continue;
    const known = bySlug.get(write.key);
    if (known === undefined) bySlug.set(write.key, [write]);
    else known.push(write);
  }
  return new Map([...bySlug].map(([slug, list]) => [slug, new SlugHistory(slug, list)]));
}

function noEvents(): { [Name in HistoryEvent['event']]: EventOf<Name>[] } {
  return {
    run: [],
    fault: [],
    primary: [],
    believes: [],
    node: [],
    tx: [],
    exit: [],
    log: [],
    clickCounters: [],
    clusterId: [],
    final: [],
  };
}
