import type { ClickCounts } from '../domain/click.ts';
import type { ClickStore } from '../domain/click-store.ts';
import { toDay } from './click-days.ts';
import { dimensionCodes } from './click-dimensions.ts';
import { ClickIds } from './click-ids.ts';
import { readKeptFrom } from './click-kept-from.ts';
import { findDay, inValueDays, inValueHours, type ValuesOf } from './click-rows.ts';
import type { Connection } from './connection.ts';
import { clickBuilder, clickReadBuilder, defineQuery } from './query.ts';
import { defineAddition } from './rollup-addition.ts';

const addHour = defineAddition('click_hours', ['hour', 'total_id']);
const addDay = defineAddition('click_days', ['day', 'total_id']);
const addValueHour = defineAddition('click_value_hours', [
  'hour',
  'total_id',
  'dimension',
  'value_id',
]);
const addValueDay = defineAddition('click_value_days', [
  'day',
  'total_id',
  'dimension',
  'value_id',
]);
const addTotal = defineQuery((p: { id: number; undated: number } & ClickCounts) =>
  clickBuilder
    .updateTable('click_totals')
    .set((e) => ({
      clicks: e('clicks', '+', p.clicks),
      bots: e('bots', '+', p.bots),
      visitors: e('visitors', '+', p.visitors),
      undated: e('undated', '+', p.undated),
    }))
    .where('id', '=', p.id),
);

const findHour = defineQuery((p: { hour: number; totalId: number }) =>
  clickReadBuilder
    .selectFrom('click_hours')
    .select('hour')
    .where('hour', '=', p.hour)
    .where('total_id', '=', p.totalId),
);
const findValueHour = defineQuery((p: ValuesOf & { hour: number; valueId: number }) =>
  inValueHours(p).select('value_id').where('value_id', '=', p.valueId),
);
const findValueDay = defineQuery((p: ValuesOf & { day: number; valueId: number }) =>
  inValueDays(p).select('value_id').where('value_id', '=', p.valueId),
);
const countValueHours = defineQuery((p: ValuesOf & { hour: number }) =>
  inValueHours(p).select((e) => e.fn.countAll<number>().as('count')),
);
const countValueDays = defineQuery((p: ValuesOf & { day: number }) =>
  inValueDays(p).select((e) => e.fn.countAll<number>().as('count')),
);

/**
 * The rollups and totals of a connection that is in a transaction of the writer; for that transaction only. What
 * happened in hours that are folded is added to their days.
 */
export function createRollupStore(
  connection: Connection,
): Pick<ClickStore, 'addRollup' | 'hasRollup' | 'countValues' | 'addTotal'> {
  const ids = new ClickIds(connection);
  const keptFrom = readKeptFrom(connection);

  return {
    addRollup({ dimension, hour, linkId, value }, { clicks, bots, visitors }) {
      const row = { total_id: ids.toTotalId(linkId), clicks, bots, visitors };
      const day = toDay(hour);
      if (dimension === 'all') {
        connection.run(addDay, { ...row, day });
        if (hour >= keptFrom) connection.run(addHour, { ...row, hour });
        return;
      }
      const by = {
        ...row,
        dimension: dimensionCodes[dimension],
        value_id: ids.toValueId(value),
      };
      if (hour >= keptFrom) connection.run(addValueHour, { ...by, hour });
      else connection.run(addValueDay, { ...by, day });
    },

    hasRollup({ dimension, hour, linkId, value }) {
      const totalId = ids.findTotalId(linkId);
      if (totalId === undefined) return false;
      const day = toDay(hour);
      if (dimension === 'all') {
        const found =
          hour >= keptFrom
            ? connection.get(findHour, { hour, totalId })
            : connection.get(findDay, { day, totalId });
        return found !== undefined;
      }
      const valueId = ids.findValueId(value);
      if (valueId === undefined) return false;
      const of = { totalId, dimension: dimensionCodes[dimension], valueId };
      const found =
        hour >= keptFrom
          ? connection.get(findValueHour, { ...of, hour })
          : connection.get(findValueDay, { ...of, day });
      return found !== undefined;
    },

    countValues(dimension, hour, linkId) {
      const totalId = ids.findTotalId(linkId);
      if (totalId === undefined) return 0;
      const of = { totalId, dimension: dimensionCodes[dimension] };
      const row =
        hour >= keptFrom
          ? connection.get(countValueHours, { ...of, hour })
          : connection.get(countValueDays, { ...of, day: toDay(hour) });
      return row?.count ?? 0;
    },

    addTotal(linkId, { clicks, bots, visitors }, undated) {
      connection.run(addTotal, { id: ids.toTotalId(linkId), clicks, bots, visitors, undated });
    },
  };
}
