/** `fail` is broken now, `warn` deserves a look, `ok` is as it should be. */
export type Level = 'ok' | 'warn' | 'fail';

/** What one check has to say about one thing. */
export interface Verdict {
  readonly level: Level;
  /** What is so, in words. */
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export function ok(detail: string): Verdict {
  return { level: 'ok', detail };
}

export function warn(detail: string, remedy: string): Verdict {
  return { level: 'warn', detail, remedy };
}

export function fail(detail: string, remedy: string): Verdict {
  return { level: 'fail', detail, remedy };
}
