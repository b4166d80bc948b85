import { createHash } from 'node:crypto';
import type { Random } from '../../src/domain/random.ts';

/** Bytes that look drawn and are the same for the same seed, however they are asked for. */
export function seededRandom(seed: string): Random {
  let block = 0;
  let stock: Uint8Array = new Uint8Array();
  return {
    bytes(count) {
      while (stock.length < count) {
        const more = createHash('sha256').update(`${seed}/${block}`).digest();
        block += 1;
        stock = Buffer.concat([stock, more]);
      }
      const drawn = stock.subarray(0, count);
      stock = stock.subarray(count);
      return drawn;
    },
  };
}
