import { expect, test } from 'vitest';
import { Failure, invalidField } from '../../src/domain/failure.ts';
import { parseFields } from '../../src/domain/parse-fields.ts';

const broken = (pointer: string, detail: string) => () => {
  throw invalidField(pointer, detail);
};

test('fields that are parsed keep their names and types', () => {
  const { count, word } = parseFields({ count: () => 7, word: () => 'seven' });
  expect(count.toFixed(1) + word.toUpperCase()).toBe('7.0SEVEN');
});

test('every broken rule is named, in order', () => {
  const parse = () =>
    parseFields({ a: broken('/a', 'A is bad.'), b: () => 1, c: broken('/c', 'C is bad.') });
  expect(parse).toThrow(
    expect.objectContaining({
      kind: 'invalid',
      message: 'A is bad. C is bad.',
      details: {
        errors: [
          { pointer: '/a', detail: 'A is bad.' },
          { pointer: '/c', detail: 'C is bad.' },
        ],
      },
    }),
  );
});

test('what is no broken rule goes through as it is', () => {
  const defect = new TypeError('defect');
  const conflict = new Failure('conflict', 'taken');
  for (const thrown of [defect, conflict]) {
    const parse = () =>
      parseFields({
        a: broken('/a', 'A is bad.'),
        b: () => {
          throw thrown;
        },
      });
    expect(parse).toThrow(thrown);
  }
});
