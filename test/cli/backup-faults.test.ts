import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { type BucketProxy, startBucketProxy } from '../support/bucket-proxy.ts';
import { makeCertificate } from '../support/certificate.ts';
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

test('an S3 server of a private authority is used over TLS, and not where that is not trusted', async () => {
  const folder = join(dataDir, '..');
  const certificate = makeCertificate(folder);
  await using server = await startS3Server('127.0.0.1', { certificate });
  const there = server.env('by-tls');
  const trusted = { ...there, NODE_EXTRA_CA_CERTS: certificate.file };
  expect(await hoplite('now', trusted)).toMatchObject({ exitCode: 0, stderr: '' });
  const [listed, restored, ofSystem, untrusted] = await Promise.all([
    hoplite('list --json', trusted),
    hoplite(`restore --to ${folder}/restored`, trusted),
    hoplite('list', { ...there, NODE_OPTIONS: '--use-system-ca', SSL_CERT_FILE: certificate.file }),
    hoplite('now', there),
  ]);
  expect(JSON.parse(listed.stdout).backups).toEqual([expect.objectContaining({ fault: null })]);
  expect(restored.exitCode, restored.stderr).toBe(0);
  expect(readdirSync(join(folder, 'restored'))).toContain('links.db');
  expect(ofSystem).toMatchObject({ exitCode: 0, stderr: '' });
  // Once, since the same certificate would come again.
  expect(untrusted).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `s3://backups/by-tls cannot be reached: the certificate of ${server.url} is not trusted: name the file of its authority in NODE_EXTRA_CA_CERTS, or trust those of the system (--use-system-ca in NODE_OPTIONS). (DEPTH_ZERO_SELF_SIGNED_CERT)\n`,
  });
});
