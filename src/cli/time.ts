/** A time of the API, ISO 8601 in UTC, without its milliseconds. */
export function toSecond(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}
