import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import type { S3Access } from '../../domain/backup-place.ts';

/** A request with its signature in the headers. */
export interface SignedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
}

/**
 * Signs a request and the hash of its body (Signature Version 4), so that the server refuses what arrives torn or changed. Most
 * compare Content-MD5 as well.
 */
export function signS3Request(
  request: { readonly method: string; readonly url: URL; readonly body?: Uint8Array },
  by: Pick<S3Access, 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'region'> & {
    /** The time that it is signed for. */
    readonly atMs: number;
    /** Keeps what is derived from the secret for a day and region. */
    readonly cache: Map<string, ArrayBuffer>;
  },
): Promise<SignedRequest> {
  const { method, url, body } = request;
  const { accessKeyId, secretAccessKey, sessionToken, region, atMs, cache } = by;
  return new AwsV4Signer({
    method,
    url: url.href,
    headers: {
      'x-amz-content-sha256': createHash('sha256')
        .update(body ?? '')
        .digest('hex'),
      ...(body !== undefined && {
        'content-type': 'application/octet-stream',
        'content-md5': createHash('md5').update(body).digest('base64'),
      }),
    },
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    service: 's3',
    region,
    datetime: new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    cache,
  }).sign();
}
