import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toCanonicalJson } from '../../src/backup/canonical-json.ts';

it('is one text, however the members were put in', () => {
  const one = { b: [1, { z: null, a: 'é"' }], a: true };
  const other = { a: true, b: [1, { a: 'é"', z: null }] };
  expect(toCanonicalJson(one)).toBe('{"a":true,"b":[1,{"a":"é\\"","z":null}]}');
  expect(toCanonicalJson(other)).toBe(toCanonicalJson(one));
});

it('is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = toCanonicalJson(value);
      expect(toCanonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
