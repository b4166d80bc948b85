import { EdgeError } from './edge-error.ts';
import type { RawHeaders } from './raw-headers.ts';

/** What a node asked for with `fly-replay` or its JSON form (docs/facts.md, "How a replay is asked for"). */
export interface ReplayInstruction {
  /** Region codes and aliases, in order of preference. */
  readonly regions: readonly string[] | undefined;
  readonly instance: string | undefined;
  readonly preferInstance: string | undefined;
  readonly app: string | undefined;
  readonly state: string | undefined;
  readonly elsewhere: boolean;
  readonly timeoutMs: number | undefined;
  readonly fallback: 'force_self' | 'prefer_self' | undefined;
  readonly transform: RequestTransform | undefined;
}

/** How the JSON form changes the request on its way to the target. */
export interface RequestTransform {
  readonly path: string | undefined;
  readonly deleteHeaders: readonly string[];
  readonly setHeaders: RawHeaders;
}

/** The fields that both forms have, as text. */
export type ReplayFields = Readonly<Partial<Record<ReplayField, string>>>;

/** The name of a field that both forms have. */
export type ReplayField = (typeof replayFields)[number];

/** The names of the fields that both forms have. */
export const replayFields = [
  'region',
  'instance',
  'prefer_instance',
  'app',
  'state',
  'elsewhere',
  'timeout',
  'fallback',
] as const;

/** Builds the instruction from its fields; throws PA03 for a value that cannot be meant. */
export function toInstruction(
  fields: ReplayFields,
  transform: RequestTransform | undefined,
): ReplayInstruction {
  return {
    regions: fields.region === undefined ? undefined : parseRegions(fields.region),
    instance: parseName('instance', fields.instance),
    preferInstance: parseName('prefer_instance', fields.prefer_instance),
    app: parseName('app', fields.app),
    state: parseState(fields.state),
    elsewhere: parseElsewhere(fields.elsewhere),
    timeoutMs: fields.timeout === undefined ? undefined : parseDuration(fields.timeout),
    fallback: parseFallback(fields.fallback),
    transform,
  };
}

/** The PA03 answer: a node's replay cannot be understood. */
export function invalidReplay(detail: string): EdgeError {
  return new EdgeError('PA03', 502, detail);
}

/** Splits a list of regions; throws PA03 when one is not a code or an alias. */
export function parseRegions(text: string): readonly string[] {
  const regions = text.split(',').map((region) => region.trim().toLowerCase());
  if (!regions.every((region) => /^[a-z0-9-]+$/.test(region))) {
    throw invalidReplay('region is not a list of region codes');
  }
  return regions;
}

function parseName(field: ReplayField, text: string | undefined): string | undefined {
  if (text !== undefined && !/^[\w.-]+$/.test(text)) throw invalidReplay(`${field} is not a name`);
  return text;
}

function parseState(text: string | undefined): string | undefined {
  // It goes into a header field again, which carries no other characters.
  if (text !== undefined && !/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
    throw invalidReplay('state has characters that a header cannot carry');
  }
  return text;
}

function parseElsewhere(text: string | undefined): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false') {
    throw invalidReplay('elsewhere is neither true nor false');
  }
  return text === 'true';
}

function parseFallback(text: string | undefined): ReplayInstruction['fallback'] {
  if (text !== undefined && text !== 'force_self' && text !== 'prefer_self') {
    throw invalidReplay('fallback is neither force_self nor prefer_self');
  }
  return text;
}

function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : { ms: 1, s: 1_000, m: 60_000 }[unit];
  if (unitMs === undefined) throw invalidReplay('timeout is not a duration such as 800ms or 10s');
  return Number(digits) * unitMs;
}
