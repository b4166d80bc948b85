import type { S3Access } from '../../domain/backup-place.ts';

/**
 * Servers that know a bucket by its host name alone: Tigris for every bucket made since February 2025, and Amazon, which
 * announced so (docs/facts.md, "Tigris knows new buckets by host name"). Everywhere else the bucket is the first part of
 * the path, which needs no DNS of its own.
 */
const byHostName = /(?:^|\.)(?:storage\.tigris\.dev|storage\.dev|amazonaws\.com(?:\.cn)?)$/;

/** The URL of a bucket, without a slash at its end; a key follows behind one. */
export function addressBucket(bucket: string, access: Pick<S3Access, 'endpoint' | 'region'>): URL {
  const endpoint = new URL(access.endpoint ?? amazon(access.region));
  // A certificate for *.host covers no name with a further dot.
  if (byHostName.test(endpoint.hostname) && !bucket.includes('.')) {
    endpoint.hostname = `${bucket}.${endpoint.hostname}`;
    return endpoint;
  }
  endpoint.pathname = `${endpoint.pathname.replace(/\/+$/, '')}/${bucket}`;
  return endpoint;
}

function amazon(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
