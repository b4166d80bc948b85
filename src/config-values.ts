import { z } from 'zod';
import { parseRotating } from './domain/rotating.ts';

/** One variable of the environment that cannot be used, and why. */
export interface ConfigMistake {
  readonly variable: string;
  readonly detail: string;
}

/** A whole number in plain digits: `Number` would also read white space as 0, and hex. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return z.string().transform((text, context) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `, at least ${min}` : ` from ${min} to ${max}`;
    context.addIssue({ code: 'custom', message: `must be a whole number${range}` });
    return z.NEVER;
  });
}

/** The units of a duration, in milliseconds. */
export const unitsMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A whole number with its unit, such as `24h`; becomes milliseconds. */
export function duration(minText: string) {
  const minMs = toMs(minText) ?? 0;
  return z.string().transform((text, context) => {
    const ms = toMs(text);
    if (ms !== undefined && ms >= minMs) return ms;
    const message = `must be a whole number with a unit (s, m, h or d), at least ${minText}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

function toMs(text: string): number | undefined {
  const [, value, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = unitsMs[unit ?? ''];
  return unitMs === undefined ? undefined : Number(value) * unitMs;
}

/** One of some words. */
export function oneOf<const Values extends readonly [string, ...string[]]>(...values: Values) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

/** A port, or 0: any that is free. */
export const port = whole(0, 65_535);
/** Yes or no. */
export const flag = oneOf('true', 'false', '1', '0').transform(
  (text) => text === 'true' || text === '1',
);
/** An origin of http or https, without a trailing slash. */
export const origin = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    context.addIssue({
      code: 'custom',
      message: 'must be an http or https origin without a path, such as https://go.example.com',
    });
    return z.NEVER;
  }
  return url.origin;
});

/** Secrets with commas between them, of which the first is the one to sign with. */
export function secrets(minLength: number) {
  return z.string().transform((text, context) => {
    const list = parseRotating(text);
    if (list.every((secret) => secret.length >= minLength)) return list;
    const each = list.length === 1 ? '' : ', each of the list';
    context.addIssue({
      code: 'custom',
      message: `must have at least ${minLength} characters${each}`,
    });
    return z.NEVER;
  });
}
