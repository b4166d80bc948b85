import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkSorts } from '../../src/domain/link-store.ts';
import { parseCursor, toCursor } from '../../src/http/link-cursor.ts';

const newest = { sort: '-createdAt', search: undefined } as const;

describe('cursors', () => {
  it('give back where a page begins', () => {
    const list = fc.record({
      sort: fc.constantFrom(...linkSorts),
      search: fc.option(fc.string(), { nil: undefined }),
    });
    const places = fc.record({
      text: fc.string({ maxLength: 64 }),
      time: fc.maxSafeNat(),
      id: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(list, places, (of, { text, time, id }) => {
        const start = { value: of.sort.endsWith('slug') ? text : time, id };
        expect(parseCursor(toCursor(of, start), of)).toEqual(start);
      }),
    );
  });

  it.each([
    ['another sort', { ...newest, sort: 'createdAt' }],
    ['another search', { ...newest, search: 'sale' }],
    ['a sort of another type', { ...newest, sort: 'slug' }],
  ] as const)('do not go with %s', (_title, other) => {
    const cursor = toCursor(newest, { value: 1, id: 1 });
    expect(() => parseCursor(cursor, other)).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });

  it('can be made up by nobody in a way that breaks anything', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(() => parseCursor(text, newest)).toThrow(
          expect.objectContaining({
            kind: 'invalid',
            details: { errors: [expect.objectContaining({ pointer: 'cursor' })] },
          }),
        );
      }),
    );
  });
});
