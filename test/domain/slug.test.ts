import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { isReserved } from '../../src/domain/reserved-words.ts';
import {
  findSlugKey,
  foldSlug,
  generatedSlugLength,
  generateSlug,
  parseSlug,
  type Slug,
  slugAlphabet,
  slugTaken,
} from '../../src/domain/slug.ts';
import { seededRandom } from '../support/seeded-random.ts';

const refusal = (sentence: string) =>
  expect.objectContaining({
    kind: 'invalid',
    message: sentence,
    details: { errors: [{ pointer: '/slug', detail: sentence }] },
  });

describe('a custom slug', () => {
  test.each([
    'a',
    '7',
    'sale',
    'Sale-2026_b',
    'a-',
    'a_',
    'A'.repeat(64),
    'api2',
    'my-api',
    'constructor',
    '__proto__'.slice(2),
    'wp-login',
    '0x7f',
  ])('may be %j', (text) => {
    expect(parseSlug(text)).toBe(text);
  });

  test.each([
    '',
    '-a',
    '_a',
    '__proto__',
    'a b',
    ' a',
    'a ',
    'a\n',
    'a.b',
    'robots.txt',
    '.well-known',
    'a/b',
    'a+',
    'a%20',
    'a?b',
    'a#b',
    'a\0',
    'ä',
    'ſale',
    '\u212aelvin',
    'ıd',
    'ａ',
    'a\u200b',
    '🦊',
    '..',
  ])('cannot be %j', (text) => {
    expect(() => parseSlug(text)).toThrow(
      refusal(
        'A slug consists of ASCII letters, digits, "-" and "_", and begins with a letter or digit.',
      ),
    );
    expect(findSlugKey(text, 'insensitive')).toBeUndefined();
  });

  test('has at most 64 signs', () => {
    expect(() => parseSlug('a'.repeat(65))).toThrow(refusal('A slug has at most 64 characters.'));
    expect(findSlugKey('a'.repeat(65), 'sensitive')).toBeUndefined();
  });

  test.each(['api', 'API', 'Api', 'healthz', 'SESSION', 'Docs', 'operator'])(
    'cannot be the reserved %j, whatever its case and that of its domain',
    (text) => {
      expect(() => parseSlug(text)).toThrow(refusal(`"${text}" is reserved.`));
      expect(findSlugKey(text, 'insensitive')).toBeUndefined();
      expect(findSlugKey(text, 'sensitive')).toBeUndefined();
    },
  );

  const given = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 70 }),
    fc.stringMatching(/^[A-Za-z0-9_-]{0,66}$/),
    fc.constantFrom('api', 'Docs', 'LINKS'),
  );

  test('that is accepted folds to a key that folds to itself and finds the link', () => {
    fc.assert(
      fc.property(given, fc.constantFrom('insensitive', 'sensitive'), (text, slugCase) => {
        let slug: Slug;
        try {
          slug = parseSlug(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          expect(findSlugKey(text, slugCase)).toBeUndefined();
          return;
        }
        const key = foldSlug(slug, slugCase);
        expect(foldSlug(key as string as Slug, slugCase)).toBe(key);
        expect(findSlugKey(text, slugCase)).toBe(key);
        expect(findSlugKey(key, slugCase)).toBe(key);
      }),
      { numRuns: 3_000, seed: 20_260_107 },
    );
  });

  test('folds where its domain compares without case, and stays where it does not', () => {
    expect(foldSlug('Sale-A_b' as Slug, 'insensitive')).toBe('sale-a_b');
    expect(foldSlug('Sale-A_b' as Slug, 'sensitive')).toBe('Sale-A_b');
  });

  test('that is taken is a conflict that names the field', () => {
    const detail = 'The slug "sale" is taken.';
    expect(slugTaken('sale')).toMatchObject({
      kind: 'conflict',
      message: detail,
      details: { errors: [{ pointer: '/slug', detail }] },
    });
  });
});

describe('a generated slug', () => {
  test('has 31 signs to choose from, none of which looks like another', () => {
    expect(new Set(slugAlphabet).size).toBe(31);
    expect(slugAlphabet).not.toMatch(/[01iloA-Z]/);
  });

  test('is a custom slug too, and its own key', () => {
    const random = seededRandom('form');
    for (let draw = 0; draw < 2_000; draw += 1) {
      const slug = generateSlug(random, 4 + (draw % 8));
      expect(parseSlug(slug)).toBe(slug);
      expect(findSlugKey(slug, 'insensitive')).toBe(slug);
      expect(slug).toHaveLength(4 + (draw % 8));
    }
  });

  test('has every sign equally often at every place', () => {
    const random = seededRandom('uniform');
    const draws = 31_000;
    const places = Array.from({ length: 6 }, () => new Map<string, number>());
    for (let draw = 0; draw < draws; draw += 1) {
      for (const [index, sign] of [...generateSlug(random, 6)].entries()) {
        const counts = places[index] as Map<string, number>;
        counts.set(sign, (counts.get(sign) ?? 0) + 1);
      }
    }
    const expected = draws / 31;
    for (const counts of places) {
      expect(new Set(counts.keys())).toEqual(new Set(slugAlphabet));
      const chiSquared = counts
        .values()
        .reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 30 degrees of freedom: chance exceeds 59.7 once in 1,000 times, `byte % 31` without rejection always.
      expect(chiSquared).toBeLessThan(59.7);
    }
  });

  test('is drawn again when it is a reserved word', () => {
    const bytesOf = (word: string) => [...word].map((sign) => slugAlphabet.indexOf(sign));
    for (const word of ['ready', 'readyz', 'assets']) {
      expect(isReserved(word)).toBe(true);
      const stock = [...bytesOf(word), ...bytesOf('z'.repeat(word.length))];
      const random = { bytes: (count: number) => Uint8Array.from(stock.splice(0, count)) };
      expect(generateSlug(random, word.length)).toBe('z'.repeat(word.length));
    }
  });

  test('leaves bytes out that would favour the first signs', () => {
    const stock = [248, 255, 0, 250, 247, 31];
    const random = { bytes: (count: number) => Uint8Array.from(stock.splice(0, count)) };
    expect(generateSlug(random, 3)).toBe('2z2');
  });

  test.each([
    [0, 4, 4],
    [92, 4, 4],
    [93, 4, 5],
    [2_862, 4, 5],
    [2_863, 4, 6],
    [0, 6, 6],
    [88_750, 6, 6],
    [88_751, 6, 7],
    [1_000_000, 6, 7],
    [1_000_000_000, 6, 9],
    [5, 32, 32],
  ])('among %d links and from %d signs up has %d', (linkCount, minLength, length) => {
    expect(generatedSlugLength(linkCount, minLength)).toBe(length);
  });
});
