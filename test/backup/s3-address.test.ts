import { expect, test } from 'vitest';
import { addressBucket } from '../../src/backup/bucket/s3-address.ts';

test.each([
  // Amazon.
  [undefined, 'eu-central-1', 'backups', 'https://backups.s3.eu-central-1.amazonaws.com/'],
  [undefined, 'cn-north-1', 'backups', 'https://backups.s3.cn-north-1.amazonaws.com.cn/'],
  [undefined, 'eu-central-1', 'go.backups', 'https://s3.eu-central-1.amazonaws.com/go.backups'],
  ['https://s3.eu-west-1.amazonaws.com', 'eu-west-1', 'b', 'https://b.s3.eu-west-1.amazonaws.com/'],
  // Tigris, which knows new buckets by nothing else.
  [
    'https://fly.storage.tigris.dev',
    'auto',
    'grass-2004',
    'https://grass-2004.fly.storage.tigris.dev/',
  ],
  ['https://t3.storage.dev', 'auto', 'grass-2004', 'https://grass-2004.t3.storage.dev/'],
  // All others.
  ['http://127.0.0.1:9000', 'auto', 'backups', 'http://127.0.0.1:9000/backups'],
  ['http://127.0.0.1:9000/s3', 'auto', 'backups', 'http://127.0.0.1:9000/s3/backups'],
  ['https://id.r2.cloudflarestorage.com', 'auto', 'b', 'https://id.r2.cloudflarestorage.com/b'],
  ['https://notstorage.dev', 'auto', 'backups', 'https://notstorage.dev/backups'],
])('endpoint %s in region %s knows %s as %s', (endpoint, region, bucket, url) => {
  expect(addressBucket(bucket, { endpoint, region }).href).toBe(url);
});
