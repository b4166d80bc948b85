import { clickReadBuilder, defineQuery } from './query.ts';

/** Whose values, and of which dimension. */
export interface ValuesOf {
  readonly totalId: number;
  readonly dimension: number;
}

/** The rows of an hour, to be selected from. */
export const inValueHours = (p: ValuesOf & { hour: number }) =>
  clickReadBuilder
    .selectFrom('click_value_hours')
    .where('hour', '=', p.hour)
    .where('total_id', '=', p.totalId)
    .where('dimension', '=', p.dimension);

/** The same of a day. */
export const inValueDays = (p: ValuesOf & { day: number }) =>
  clickReadBuilder
    .selectFrom('click_value_days')
    .where('day', '=', p.day)
    .where('total_id', '=', p.totalId)
    .where('dimension', '=', p.dimension);

/** Whether a day has any clicks of a total. */
export const findDay = defineQuery((p: { day: number; totalId: number }) =>
  clickReadBuilder
    .selectFrom('click_days')
    .select('day')
    .where('day', '=', p.day)
    .where('total_id', '=', p.totalId),
);
