import { hoursPerDay } from '../domain/click.ts';
import type { ClickBucket, HourRange } from '../domain/click-reader.ts';
import { countColumns } from './click-counts.ts';
import { firstHourOf } from './click-days.ts';
import { findTotalId } from './click-ids.ts';
import { readKeptFrom } from './click-kept-from.ts';
import { toDaySpan } from './click-span.ts';
import type { Connection } from './connection.ts';
import { clickReadBuilder, defineQuery } from './query.ts';
import { type Step, seekCost, stepBudget } from './read-in-steps.ts';

const findDay = defineQuery((p: { day: number; totalId: number }) =>
  clickReadBuilder
    .selectFrom('click_days')
    .select(countColumns)
    .where('day', '=', p.day)
    .where('total_id', '=', p.totalId),
);
const findHour = defineQuery((p: { hour: number; totalId: number }) =>
  clickReadBuilder
    .selectFrom('click_hours')
    .select(countColumns)
    .where('hour', '=', p.hour)
    .where('total_id', '=', p.totalId),
);

/** Where a list of buckets goes on. */
export interface BucketPlace {
  readonly day: number;
}

/**
 * Reads the buckets of the next days of a range, in a read transaction. Whole days, so that none is read partly before
 * and partly after it was folded. A day whose hours are no longer kept counts where its first hour does.
 */
export function readBuckets(
  connection: Connection,
  { linkId, range }: { readonly linkId: number; readonly range: HourRange },
  from: BucketPlace,
): Step<BucketPlace, readonly ClickBucket[]> {
  const found: ClickBucket[] = [];
  const totalId = findTotalId(connection, linkId);
  if (totalId === undefined) return { found, next: undefined };
  const keptFrom = readKeptFrom(connection);
  const span = toDaySpan(connection, range);
  let day = Math.max(from.day, span.first);
  for (let cost = 0; day <= span.last && cost < stepBudget; day += 1) {
    cost += seekCost;
    const ofDay = connection.get(findDay, { day, totalId });
    if (ofDay === undefined) continue;
    const firstHour = firstHourOf(day);
    if (firstHour < keptFrom) {
      if (firstHour >= range.fromHour) {
        found.push({ hour: firstHour, hours: hoursPerDay, ...ofDay });
      }
      continue;
    }
    const end = Math.min(firstHour + hoursPerDay, range.toHour);
    for (let hour = Math.max(firstHour, range.fromHour); hour < end; hour += 1) {
      cost += seekCost;
      const ofHour = connection.get(findHour, { hour, totalId });
      if (ofHour !== undefined) found.push({ hour, hours: 1, ...ofHour });
    }
  }
  return { found, next: day <= span.last ? { day } : undefined };
}
