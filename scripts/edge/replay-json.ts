import { validateHeaderName, validateHeaderValue } from 'node:http';
import {
  invalidReplay,
  type ReplayField,
  type ReplayInstruction,
  type RequestTransform,
  replayFields,
  toInstruction,
} from './replay-instruction.ts';

/** The media type by which an answer's body is a replay instruction. */
export const replayJsonType = 'application/vnd.fly.replay+json';

/** Longest instruction the edge reads, in bytes. */
export const replayJsonMaxBytes = 65_536;

/**
 * Parses the body of a replay in its JSON form. Throws PA03 for anything but an object of known fields.
 * `cache` and `allow_bypass` are accepted and without effect, because the edge has no replay cache.
 */
export function parseReplayJson(text: string): ReplayInstruction {
  const { cache: _cache, allow_bypass: _allowBypass, transform, ...rest } = toObject(parse(text));
  const fields: Partial<Record<ReplayField, string>> = {};
  for (const [key, value] of Object.entries(rest)) {
    const field = replayFields.find((name) => name === key);
    if (field === undefined) throw invalidReplay('a field of the JSON is unknown');
    fields[field] = field === 'elsewhere' ? String(value) : toText(field, value);
  }
  return toInstruction(fields, transform === undefined ? undefined : toTransform(transform));
}

function toTransform(value: unknown): RequestTransform {
  const { path, delete_headers, set_headers, ...unknownFields } = toObject(value);
  if (Object.keys(unknownFields).length > 0) {
    throw invalidReplay('a field of transform is unknown');
  }
  if (path !== undefined && !/^\/[\x21-\x7e]*$/.test(toText('path', path))) {
    throw invalidReplay('transform.path is not a path');
  }
  return {
    path: path === undefined ? undefined : toText('path', path),
    deleteHeaders: toList(delete_headers).map((name) => toText('delete_headers', name)),
    setHeaders: toList(set_headers).map(toHeader),
  };
}

function toHeader(entry: unknown): readonly [string, string] {
  const { name, value } = toObject(entry);
  const header = [toText('name', name), toText('value', value)] as const;
  try {
    validateHeaderName(header[0]);
    validateHeaderValue(...header);
  } catch (error) {
    if (error instanceof TypeError)
      throw invalidReplay('set_headers has a field HTTP cannot carry');
    throw error;
  }
  return header;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidReplay('the body is not JSON');
    throw error;
  }
}

function toObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidReplay('the JSON is not an object where it should be');
  }
  return { ...value };
}

function toList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalidReplay('the JSON is not a list where it should be');
  return value;
}

function toText(field: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidReplay(`${field} is not text`);
  return value;
}
