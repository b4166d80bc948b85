import type { Connection } from './connection.ts';
import { clickBuilder, clickReadBuilder, defineQuery } from './query.ts';

const findTotal = defineQuery((p: { linkId: number }) =>
  clickReadBuilder.selectFrom('click_totals').select('id').where('link_id', '=', p.linkId),
);
const insertTotal = defineQuery((p: { linkId: number }) =>
  clickBuilder
    .insertInto('click_totals')
    .values({ link_id: p.linkId, clicks: 0, bots: 0, visitors: 0, undated: 0 })
    .returning('id'),
);
const findValue = defineQuery((p: { value: string }) =>
  clickReadBuilder.selectFrom('click_values').select('id').where('value', '=', p.value),
);
const insertValue = defineQuery((p: { value: string }) =>
  clickBuilder.insertInto('click_values').values({ value: p.value }).returning('id'),
);

/** The number that stands for a link in the rows of `clicks.db`; `undefined` when it was never clicked. */
export function findTotalId(connection: Connection, linkId: number): number | undefined {
  return connection.get(findTotal, { linkId })?.id;
}

/**
 * The numbers that stand for links and values, which take 1 to 3 bytes in each of millions of rows. Remembers those it
 * has given, so it must not outlive its transaction: a rollback takes new ones back.
 */
export class ClickIds {
  readonly #connection: Connection;
  readonly #totals = new Map<number, number>();
  readonly #values = new Map<string, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** `undefined` for a link that was never clicked. */
  findTotalId(linkId: number): number | undefined {
    return this.#totals.get(linkId) ?? findTotalId(this.#connection, linkId);
  }

  /** Makes the total of a link that was never clicked. */
  toTotalId(linkId: number): number {
    const known = this.#totals.get(linkId);
    if (known !== undefined) return known;
    const id =
      findTotalId(this.#connection, linkId) ?? this.#connection.get(insertTotal, { linkId })?.id;
    if (id === undefined) throw new Error('the total was not returned');
    this.#totals.set(linkId, id);
    return id;
  }

  findValueId(value: string): number | undefined {
    return this.#values.get(value) ?? this.#connection.get(findValue, { value })?.id;
  }

  toValueId(value: string): number {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    const id = this.findValueId(value) ?? this.#connection.get(insertValue, { value })?.id;
    if (id === undefined) throw new Error('the value was not returned');
    this.#values.set(value, id);
    return id;
  }
}
