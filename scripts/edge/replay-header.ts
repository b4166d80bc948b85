import {
  invalidReplay,
  type ReplayField,
  type ReplayInstruction,
  replayFields,
  toInstruction,
} from './replay-instruction.ts';

/**
 * Parses the value of a `fly-replay` header: `key=value` joined by `;`, a value with `;` or `,` in double
 * quotes. Throws PA03 for an unknown or repeated key and for a value that cannot be meant.
 * Source: Fly docs, "Dynamic request routing".
 */
export function parseReplayHeader(text: string): ReplayInstruction {
  const fields: Partial<Record<ReplayField, string>> = {};
  for (const part of splitOutsideQuotes(text)) {
    const [, key, quoted, bare] = /^\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^"]*?))\s*$/.exec(part) ?? [];
    const field = replayFields.find((name) => name === key);
    if (field === undefined) throw invalidReplay('fly-replay is not a list of known key=value');
    if (fields[field] !== undefined) throw invalidReplay(`${field} is there twice`);
    if (field === 'region' && bare?.includes(',')) {
      throw invalidReplay('a list of regions needs double quotes');
    }
    fields[field] = quoted ?? bare ?? '';
  }
  return toInstruction(fields, undefined);
}

function splitOutsideQuotes(text: string): readonly string[] {
  const parts = [''];
  let quoted = false;
  for (const sign of text) {
    if (sign === '"') quoted = !quoted;
    if (sign === ';' && !quoted) parts.push('');
    else parts.push((parts.pop() ?? '') + sign);
  }
  // One `;` after the last field is harmless.
  return parts.length > 1 && parts.at(-1)?.trim() === '' ? parts.slice(0, -1) : parts;
}
