import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { type BucketProxy, startBucketProxy } from '../support/bucket-proxy.ts';
import { runHoplite } from '../support/run-hoplite.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';

let dataDir: string;
let s3: S3Server;
let proxy: BucketProxy;
let env: Record<string, string>;

beforeAll(async () => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'hoplite-faults-')), 'data');
  mkdirSync(dataDir);
  makeLinks(dataDir, 50);
  s3 = await startS3Server();
  proxy = await startBucketProxy(s3.url);
  env = {
    DATA_DIR: dataDir,
    BACKUP_KEY: 'k'.repeat(32),
    ...s3.env('fleet', proxy.url),
  };
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
  rmSync(join(dataDir, '..'), { recursive: true });
});

const hoplite = (args: string, more: Record<string, string> = {}) =>
  runHoplite(['backup', ...args.split(' ')], { ...env, ...more });

test('what is wrong with a bucket is one sentence and code 1, and the backups that are there stay', async () => {
  const first = await hoplite('now --json');
  expect(first.exitCode, first.stderr).toBe(0);
  const { name } = JSON.parse(first.stdout);

  const wrong = await Promise.all([
    hoplite('now', { AWS_SECRET_ACCESS_KEY: 'wrong' }),
    hoplite('now', { BACKUP_URL: 's3://gone/fleet' }),
    hoplite('now', { BACKUP_URL: `file://${dataDir}/unmounted` }),
    hoplite('verify', { BACKUP_KEY: 'z'.repeat(32) }),
  ]);
  expect(wrong.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1, 1]);
  expect(wrong.map(({ stderr }) => stderr)).toEqual([
    expect.stringMatching(/^s3:\/\/backups\/fleet cannot .*: AWS_SECRET_ACCESS_KEY is not .*\n$/),
    expect.stringMatching(
      /^s3:\/\/gone\/fleet cannot .*: there is no bucket gone .*BACKUP_URL.*\n$/,
    ),
    expect.stringMatching(/^The folder .* cannot .*: there is no .*\/unmounted: .*BACKUP_URL.*\n$/),
    expect.stringMatching(new RegExp(`^the backup ${name} .*which BACKUP_KEY does not hold.*\\n$`)),
  ]);

  proxy.limit(100);
  const full = await hoplite('now');
  proxy.limit(undefined);
  expect(full).toMatchObject({ exitCode: 1, stdout: '' });
  expect(full.stderr).toMatch(/cannot store .*: the bucket or its quota is full: make room/);

  const { stdout } = await hoplite('list --json');
  expect(JSON.parse(stdout).backups).toEqual([expect.objectContaining({ name, fault: null })]);
});
