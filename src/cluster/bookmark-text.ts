import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Bookmark } from '../domain/bookmark.ts';
import { epochTagLength } from '../domain/epoch-tag.ts';
import type { Txid } from '../domain/position.ts';
import type { Rotating } from '../domain/rotating.ts';

/** Writes and reads bookmarks. */
export interface BookmarkText {
  /** Throws a `RangeError` for an epoch beyond 32 bits. */
  format(bookmark: Bookmark): string;
  /** `undefined` for everything that was not written with one of the keys. */
  parse(text: string): Bookmark | undefined;
}

/** The first sign. Another layout gets another one; what is unknown is no bookmark. */
const version = '1';
const epochBytes = 4;
const tagBytes = epochTagLength / 2;
const txidBytes = 8;
const pointBytes = epochBytes + tagBytes + txidBytes;
/** 88 bits, so that all are 27 bytes: base64url of a multiple of three has one form only. */
const macBytes = 11;
const pattern = /^1[A-Za-z0-9_-]{36}$/;

/**
 * Makes the writer and reader of bookmarks, which writes under the first key: version, then epoch, tag, txid and their
 * HMAC-SHA256, cut, in base64url. It is 37 signs, all of them safe in a header, a cookie and a path.
 */
export function createBookmarkText(keys: Rotating<Buffer>): BookmarkText {
  const prove = (key: Buffer, point: Uint8Array): Buffer =>
    createHmac('sha256', key).update(version).update(point).digest().subarray(0, macBytes);

  return {
    format({ epoch, epochTag, txid }) {
      const point = Buffer.alloc(pointBytes);
      point.writeUInt32BE(epoch);
      point.write(epochTag, epochBytes, 'hex');
      point.write(txid, epochBytes + tagBytes, 'hex');
      return version + Buffer.concat([point, prove(keys[0], point)]).toString('base64url');
    },

    parse(text) {
      if (!pattern.test(text)) return undefined;
      const bytes = Buffer.from(text.slice(1), 'base64url');
      const point = bytes.subarray(0, pointBytes);
      const proof = bytes.subarray(pointBytes);
      if (!keys.some((key) => timingSafeEqual(proof, prove(key, point)))) return undefined;
      return {
        epoch: point.readUInt32BE(),
        epochTag: point.toString('hex', epochBytes, epochBytes + tagBytes),
        txid: point.toString('hex', epochBytes + tagBytes) as Txid,
      };
    },
  };
}
