import { BucketFailure, type StoredObject } from './bucket.ts';

/** One page of a listing. */
export interface ListingPage {
  /** With whole keys, as the server has them. */
  readonly objects: readonly StoredObject[];
  /** What asks for the next page; `undefined` on the last one. */
  readonly next: string | undefined;
}

/**
 * Reads the answer to ListObjectsV2. Throws a `BucketFailure` when it is none, or not whole: an object that is left out
 * silently would look as if it were not there.
 * Source: Amazon S3 API Reference, "ListObjectsV2".
 */
export function parseListing(body: string): ListingPage {
  const [, inside] =
    /<ListBucketResult(?:\s[^>]*)?>([\s\S]*)<\/ListBucketResult>\s*$/.exec(body) ?? [];
  if (inside === undefined) throw notAListing();
  const entries = [...inside.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].map(
    ([, entry]) => entry ?? '',
  );
  const rest = inside.replace(/<Contents>[\s\S]*?<\/Contents>/g, '');
  const count = field(rest, 'KeyCount');
  if (count !== undefined && Number(count) !== entries.length) throw notAListing();
  const isTruncated = field(rest, 'IsTruncated') === 'true';
  const next = field(rest, 'NextContinuationToken');
  if (isTruncated && !next) throw notAListing();
  return {
    // What some servers show of a folder is no object.
    objects: entries.map(toObject).filter(({ key }) => !key.endsWith('/')),
    next: isTruncated ? next : undefined,
  };
}

function toObject(entry: string): StoredObject {
  const key = field(entry, 'Key');
  const bytes = Number(field(entry, 'Size') || Number.NaN);
  const storedAtMs = Date.parse(field(entry, 'LastModified') ?? '');
  if (!key || !Number.isSafeInteger(bytes) || Number.isNaN(storedAtMs)) throw notAListing();
  return { key, bytes, storedAtMs };
}

function field(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(?:amp|lt|gt|quot|apos|#(\d+)|#x([0-9a-fA-F]+));/g, decodeEntity);
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
};

function decodeEntity(entity: string, decimal?: string, hex?: string): string {
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return entities[entity] ?? (code <= 0x10ffff ? String.fromCodePoint(code) : entity);
}

function notAListing(): BucketFailure {
  return new BucketFailure(
    'answer',
    'what answers gives no whole listing: does AWS_ENDPOINT_URL_S3 lead to an S3 server?',
  );
}
