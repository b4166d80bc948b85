import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBookmarkText } from '../../src/cluster/bookmark-text.ts';
import { deriveKey } from '../../src/cluster/fleet-key.ts';
import type { Bookmark } from '../../src/domain/bookmark.ts';
import type { Txid } from '../../src/domain/position.ts';

const secret = 'a secret of the fleet with 32 characters';
const text = createBookmarkText([deriveKey(secret, 'bookmark')]);

const hex = (length: number) =>
  fc
    .bigInt(0n, 16n ** BigInt(length) - 1n)
    .map((value) => value.toString(16).padStart(length, '0'));
const bookmarks: fc.Arbitrary<Bookmark> = fc.record({
  epoch: fc.nat({ max: 2 ** 32 - 1 }),
  epochTag: hex(8),
  txid: hex(16).map((txid) => txid as Txid),
});
const one: Bookmark = { epoch: 7, epochTag: '0a1b2c3d', txid: '00000000000000ff' as Txid };

describe('a bookmark as text', () => {
  it('says what was put into it, on every node with the secret', () => {
    const elsewhere = createBookmarkText([deriveKey(secret, 'bookmark')]);
    fc.assert(
      fc.property(bookmarks, (bookmark) => {
        const written = text.format(bookmark);
        expect(written).toMatch(/^1[A-Za-z0-9_-]{36}$/);
        expect(elsewhere.parse(written)).toEqual(bookmark);
      }),
    );
  });

  it('is nothing with any of its signs changed, missing or added', () => {
    const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(bookmarks, fc.nat(36), fc.constantFrom(...signs), (bookmark, at, sign) => {
        const written = text.format(bookmark);
        fc.pre(written[at] !== sign);
        expect(text.parse(written.slice(0, at) + sign + written.slice(at + 1))).toBeUndefined();
        expect(text.parse(written.slice(0, at) + written.slice(at + 1))).toBeUndefined();
        expect(text.parse(written.slice(0, at) + sign + written.slice(at))).toBeUndefined();
      }),
    );
  });

  it('is read with any of the keys, and written with the first', () => {
    const old = deriveKey(secret, 'bookmark');
    const next = deriveKey('the next secret, also 32 characters long', 'bookmark');
    const rotating = createBookmarkText([next, old]);
    expect(rotating.parse(text.format(one))).toEqual(one);
    expect(createBookmarkText([next]).parse(rotating.format(one))).toEqual(one);
    expect(text.parse(rotating.format(one))).toBeUndefined();
  });

  it('is nothing to whoever has another key', () => {
    const written = text.format(one);
    expect(createBookmarkText([deriveKey(secret, 'session')]).parse(written)).toBeUndefined();
    expect(
      createBookmarkText([deriveKey(`${secret}!`, 'bookmark')]).parse(written),
    ).toBeUndefined();
  });

  it.each(['', ' ', '1', `2${'A'.repeat(36)}`, `1${'A'.repeat(36)}`, `${text.format(one)}\n`, 'ä'])(
    'is none that nobody gave: %j',
    (given) => {
      expect(text.parse(given)).toBeUndefined();
    },
  );

  it('is none of whatever else there is', () => {
    fc.assert(fc.property(fc.string(), (given) => text.parse(given) === undefined));
  });
});
