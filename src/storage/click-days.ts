import { hoursPerDay } from '../domain/click.ts';

/** The day of an hour, both counted from 1970 UTC. */
export function toDay(hour: number): number {
  return Math.floor(hour / hoursPerDay);
}

/** The first hour of a day. */
export function firstHourOf(day: number): number {
  return day * hoursPerDay;
}
