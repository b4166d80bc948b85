import type { Random } from './random.ts';

/**
 * Draws `length` signs of an alphabet of at most 256, each equally likely: bytes past the largest multiple
 * of its size are drawn again, because their remainder would favour the first signs.
 */
export function drawSigns(random: Random, alphabet: string, length: number): string {
  const fair = 256 - (256 % alphabet.length);
  let signs = '';
  while (signs.length < length) {
    for (const byte of random.bytes(length - signs.length)) {
      if (byte < fair) signs += alphabet[byte % alphabet.length];
    }
  }
  return signs;
}
