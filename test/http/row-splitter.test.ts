import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArraySplitter, LineSplitter, type RowSplitter } from '../../src/http/row-splitter.ts';

/** A body as it comes: cut at any bytes. */
const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 });

function rowsOf(splitter: RowSplitter, body: Buffer, at: readonly number[]): string[] {
  const places = [0, ...at.filter((place) => place < body.length), body.length].sort(
    (a, b) => a - b,
  );
  const rows: Uint8Array[] = [];
  for (const [index, place] of places.entries()) {
    rows.push(...splitter.split(body.subarray(place, places[index + 1] ?? body.length)));
  }
  rows.push(...splitter.end());
  return rows.map((row) => Buffer.from(row).toString());
}

describe('rows', () => {
  it('of an array are its elements, wherever the body is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), cuts, fc.constantFrom(0, 1, 3), (links, at, indent) => {
        const body = Buffer.from(JSON.stringify({ links }, undefined, indent));
        const rows = rowsOf(new ArraySplitter(), body, at);
        expect(rows.map((row) => JSON.parse(row))).toEqual(JSON.parse(JSON.stringify(links)));
      }),
    );
  });

  it('of lines are the lines, wherever the body is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        cuts,
        fc.constantFrom('\n', '\r\n', '\n\n'),
        (links, at, end) => {
          const body = Buffer.from(links.map((link) => JSON.stringify(link)).join(end));
          const rows = rowsOf(new LineSplitter(), body, at);
          expect(rows.map((row) => JSON.parse(row))).toEqual(JSON.parse(JSON.stringify(links)));
        },
      ),
    );
  });

  it('of any other text are given or refused, and never another number of what JSON has', () => {
    const signs = fc.array(
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '1', ' ', '"links"'),
    );
    fc.assert(
      fc.property(signs, (parts) => {
        const text = parts.join('');
        let rows: string[];
        try {
          rows = rowsOf(new ArraySplitter(), Buffer.from(text), []);
        } catch (error) {
          expect(error).toMatchObject({ name: 'Failure' });
          return;
        }
        const values = rows.map(parse);
        // What its rows are all JSON of is JSON as a whole, of as many elements.
        if (values.includes(undefined)) return;
        expect(JSON.parse(text)).toEqual({ links: values });
      }),
      { numRuns: 2_000 },
    );
  });
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
