import { Failure } from '../domain/failure.ts';
import { toJsonPointer } from './json-pointer.ts';

/**
 * Parses a JSON text (RFC 8259). Names of an object must be unique: parsers differ in which of two they
 * take, so a request with two means different things to different readers.
 * Throws `malformed` with a pointer, and with the offset where the text stops being JSON.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw notJson(error);
  }
  const repeated = findRepeatedName(text);
  if (repeated !== undefined) {
    throw malformed(repeated, 'An object in the body has a name more than once.');
  }
  return value;
}

function notJson(error: SyntaxError): Failure {
  // V8 tells the offset in its message alone, and not always.
  const offset = /at position (\d+)/.exec(error.message)?.[1];
  const where = offset === undefined ? '' : `, from character ${offset} on`;
  return malformed('', `The body is not JSON${where}.`);
}

function malformed(pointer: string, detail: string): Failure {
  return new Failure('malformed', detail, { errors: [{ pointer, detail }] });
}

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

interface Container {
  /** Names seen so far; `undefined` in an array. */
  readonly names: Set<string> | undefined;
  /** The name or index of the member that is being read. */
  at: string | number;
}

/**
 * The pointer of the first name that an object repeats. `text` must be JSON. Walks the tokens with a stack
 * of its own, so that no nesting is too deep.
 */
function findRepeatedName(text: string): string | undefined {
  const stack: Container[] = [];
  let nameExpected = false;
  for (const [sign] of text.matchAll(token)) {
    const container = stack.at(-1);
    if (sign === '{' || sign === '[') {
      stack.push({ names: sign === '{' ? new Set() : undefined, at: 0 });
      nameExpected = sign === '{';
    } else if (sign === '}' || sign === ']') {
      stack.pop();
      nameExpected = false;
    } else if (sign === ',') {
      nameExpected = container?.names !== undefined;
      if (typeof container?.at === 'number' && !nameExpected) container.at += 1;
    } else if (nameExpected && container?.names !== undefined && sign !== ':') {
      container.at = JSON.parse(sign) as string;
      if (container.names.has(container.at)) return toJsonPointer(stack.map(({ at }) => at));
      container.names.add(container.at);
      nameExpected = false;
    }
  }
  return undefined;
}
