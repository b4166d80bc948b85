import { describe, expect, test } from 'vitest';
import { BucketFailure } from '../../src/backup/bucket/bucket.ts';
import { parseListing } from '../../src/backup/bucket/s3-listing.ts';

const object = (key: string, size = '7') =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-30T01:02:03.456Z</LastModified><ETag>&quot;a&quot;</ETag><Size>${size}</Size></Contents>`;
const listing = (inside: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>${inside}</ListBucketResult>`;

describe('a listing', () => {
  test('of nothing', () => {
    const none = { objects: [], next: undefined };
    expect(parseListing(listing('<KeyCount>0</KeyCount>'))).toEqual(none);
    expect(parseListing(listing('<IsTruncated>false</IsTruncated>'))).toEqual(none);
  });

  test('gives keys, sizes and times, and how it goes on', () => {
    const more =
      '<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b+/=</NextContinuationToken>';
    expect(
      parseListing(listing(`${more}<KeyCount>2</KeyCount>${object('a/1')}${object('a/2', '0')}`)),
    ).toEqual({
      objects: [
        { key: 'a/1', bytes: 7, storedAtMs: Date.UTC(2026, 10, 30, 1, 2, 3, 456) },
        { key: 'a/2', bytes: 0, storedAtMs: Date.UTC(2026, 10, 30, 1, 2, 3, 456) },
      ],
      next: 'a&b+/=',
    });
  });

  test('reads keys of others as they are, and skips what stands for a folder', () => {
    const keys = object('a&amp;&lt;b&#39;&#x41;') + object('folder/');
    expect(parseListing(listing(keys)).objects.map(({ key }) => key)).toEqual(["a&<b'A"]);
  });

  test.each([
    ['nothing', ''],
    ['a page', '<html><body>Welcome</body></html>'],
    ['an error', '<Error><Code>SlowDown</Code></Error>'],
    ['half of one', listing(object('a/1')).slice(0, -25)],
    ['one with fewer objects than it says', listing(`<KeyCount>2</KeyCount>${object('a/1')}`)],
    ['one that goes on, and does not say how', listing('<IsTruncated>true</IsTruncated>')],
    ['an object without a key', listing(object(''))],
    ['an object without a size', listing(object('a', ''))],
    ['an object of a strange size', listing(object('a', '1e99'))],
    ['an object without a time', listing('<Contents><Key>a</Key><Size>1</Size></Contents>')],
  ])('is not %s', (_, body) => {
    expect(() => parseListing(body)).toThrow(BucketFailure);
  });
});
