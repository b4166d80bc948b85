import type { FaultName } from '../../scripts/faults/fault-name.ts';
import {
  type EventOf,
  type HistoryEvent,
  type HistoryRecord,
  type Operation,
  parseRecord,
} from '../../scripts/faults/history.ts';

/** Two candidates and a replica. */
export const run: EventOf<'run'> = {
  event: 'run',
  at: 0,
  seed: 1,
  nodes: [
    { id: 'ams1', region: 'ams', candidate: true },
    { id: 'ams2', region: 'ams', candidate: true },
    { id: 'iad1', region: 'iad', candidate: false },
  ],
};

/** The `n`th place that a slug is sent to. */
export function destination(slug: string, n = 1): string {
  return `https://example.com/${slug}/${n}`;
}

/** A txid by its number. */
export function txid(n: number): string {
  return n.toString(16).padStart(16, '0');
}

type Fields = Partial<Omit<Operation, 'arg'>> & { readonly arg?: Partial<Operation['arg']> };

/** An operation at `at` that takes one millisecond, checked by the schema. */
export function operation(op: Operation['op'], at: number, fields: Fields = {}): Operation {
  return parseRecord({
    proc: 'client-1',
    op,
    key: null,
    invokedAt: at,
    returnedAt: at + 1,
    type: 'ok',
    via: 'ams',
    ...fields,
  }) as Operation;
}

/** A replicated write of `slug` in epoch 1, answered by ams1; its txid is the time unless given. */
export function write(
  op: Operation['op'],
  slug: string,
  at: number,
  fields: Fields = {},
): Operation {
  const { arg, ...others } = fields;
  const creates = op === 'create' || op === 'createCustom' || op === 'recreate';
  return operation(op, at, {
    key: slug,
    status: creates ? 201 : op === 'delete' ? 204 : 200,
    node: 'ams1',
    epoch: 1,
    txid: txid(at),
    durability: 'replicated',
    arg: {
      ...(op !== 'delete' && { destination: destination(slug) }),
      ...(creates && { idempotencyKey: `key of ${slug}` }),
      ...arg,
    },
    ...others,
  });
}

/** A write whose answer never came. */
export function unknownWrite(
  op: Operation['op'],
  slug: string,
  at: number,
  fields: Fields = {},
): Operation {
  const {
    status: _s,
    node: _n,
    epoch: _e,
    txid: _t,
    durability: _d,
    ...rest
  } = write(op, slug, at, {
    ...fields,
    type: 'unknown',
  });
  return rest;
}

/** A redirect that node `via` answers with `value`; null is 404. */
export function follow(
  slug: string,
  at: number,
  value: string | null = destination(slug),
  fields: Fields = {},
): Operation {
  return operation('follow', at, {
    key: slug,
    via: 'iad1',
    status: value === null ? 404 : 302,
    value,
    ...fields,
  });
}

/** A start and a heal. */
export function fault(
  name: FaultName,
  from: number,
  to: number,
  fields: Partial<EventOf<'fault'>> = {},
): EventOf<'fault'>[] {
  const start: EventOf<'fault'> = {
    event: 'fault',
    name,
    fault: from,
    phase: 'start',
    targets: ['ams1'],
    at: from,
    ...fields,
  };
  const { losesPrimary: _l, unconfirmed: _u, ...common } = start;
  return [start, { ...common, phase: 'heal', at: to }];
}

export function primary(node: string, epoch: number, at: number): EventOf<'primary'> {
  return { event: 'primary', node, epoch, at };
}

/** Final reads of all nodes, at the end of all things. */
export function finals(
  links: Readonly<Record<string, string>>,
  fields: Partial<EventOf<'final'>> = {},
): EventOf<'final'>[] {
  return run.nodes.map(({ id }) => ({
    event: 'final',
    node: id,
    at: 1_000_000,
    links,
    epoch: 1,
    position: { txid: txid(900), checksum: 'c900' },
    contentHash: 'h900',
    integrity: 'ok',
    foreignKeyViolations: 0,
    clicks: { total: 0, bySlug: {} },
    migrations: ['links/0001 aaaa'],
    schemaHash: 's1',
    ...fields,
  }));
}

/** Events of one kind with what does not matter filled in. */
export function event<Name extends HistoryEvent['event']>(
  name: Name,
  at: number,
  fields: Omit<EventOf<Name>, 'event' | 'at'>,
): HistoryRecord {
  return parseRecord({ event: name, at, ...fields });
}

/** The same records, with those of `node` changed. */
export function changeFinal(
  records: readonly HistoryRecord[],
  node: string,
  fields: Partial<EventOf<'final'>>,
): HistoryRecord[] {
  return records.map((record) =>
    'event' in record && record.event === 'final' && record.node === node
      ? { ...record, ...fields }
      : record,
  );
}
