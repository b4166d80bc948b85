import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  findKeyPrefix,
  generateApiKey,
  hashSecret,
  isSecret,
} from '../../src/domain/api-key-secret.ts';
import { seededRandom } from '../support/seeded-random.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('a generated key', () => {
  test('has a public prefix and a secret, and only its hash is to be stored', () => {
    const key = generateApiKey(seededRandom('key'));
    expect(key.text).toMatch(/^hop_[0-9A-Za-z]{10}_[0-9A-Za-z]{32}$/);
    expect(key.text.split('_')[1]).toBe(key.prefix);
    expect(key.secretHash).toBe(sha256(key.text));
    expect(findKeyPrefix(key.text)).toBe(key.prefix);
  });

  test('has a secret of at least 128 bits', () => {
    const secret = generateApiKey(seededRandom('bits')).text.split('_')[2] as string;
    expect(secret.length * Math.log2(62)).toBeGreaterThan(128);
  });

  test('is another each time, of all 62 signs equally often', () => {
    const random = seededRandom('keys');
    const keys = Array.from({ length: 2_000 }, () => generateApiKey(random));
    expect(new Set(keys.map(({ prefix }) => prefix)).size).toBe(2_000);
    const counts = Map.groupBy(
      keys.flatMap(({ text }) => [...text.slice(4).replace('_', '')]),
      (sign) => sign,
    );
    expect(counts.size).toBe(62);
    const expected = (2_000 * 42) / 62;
    const chiSquared = counts
      .values()
      .reduce((sum, { length }) => sum + (length - expected) ** 2 / expected, 0);
    // 61 degrees of freedom: chance exceeds 100.9 once in 1,000 times.
    expect(chiSquared).toBeLessThan(100.9);
  });
});

describe('the prefix of a key', () => {
  const { text } = generateApiKey(seededRandom('prefix'));

  test.each([
    '',
    'hop_',
    text.slice(0, -1),
    `${text}a`,
    ` ${text}`,
    `${text}\n`,
    text.toUpperCase(),
    text.replace('hop', 'hip'),
    text.replaceAll('_', '-'),
    text.replace(/.$/, 'é'),
    `Bearer ${text}`,
  ])('is not found in %j', (other) => {
    expect(findKeyPrefix(other)).toBeUndefined();
  });
});

describe('comparing a secret', () => {
  test('says yes to the secret whose hash is stored and to no other', () => {
    const stored = hashSecret('correct horse battery staple');
    expect(isSecret('correct horse battery staple', stored)).toBe(true);
    expect(isSecret('correct horse battery stapl', stored)).toBe(false);
    expect(isSecret('Correct horse battery staple', stored)).toBe(false);
    expect(isSecret('', stored)).toBe(false);
    expect(isSecret(stored, stored)).toBe(false);
  });

  test.each([undefined, '', '00', 'x'.repeat(64), '0'.repeat(64), `${sha256('a')}00`])(
    'says no where %j is stored',
    (stored) => {
      expect(isSecret('a', stored)).toBe(false);
      expect(isSecret('', stored)).toBe(false);
    },
  );
});
