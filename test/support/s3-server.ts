import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getByTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { projectDir } from '../../scripts/cluster/programs.ts';
import type { BackupPlace, S3Access } from '../../src/domain/backup-place.ts';
import type { Certificate } from './certificate.ts';
import { findFreePort } from './free-port.ts';

const accessKeyId = 'hoplite-tests';
const secretAccessKey = 'the secret of hoplite-tests';
const region = 'test-1';
const readyWithinMs = 15_000;

/** A real S3 server (versitygw) on this machine, over a folder. Disposing it ends it and removes its folder. */
export interface S3Server extends AsyncDisposable {
  /** Its endpoint. */
  readonly url: string;
  /** The bucket that is there from the beginning. */
  readonly bucket: string;
  /** Where the objects of the bucket lie as files: to damage or remove them behind its back. */
  readonly folder: string;
  /** How to reach it, or what stands before it, as `openBucket` and `config.backup` take it. */
  access(url?: string): S3Access;
  /** The place of backups under a prefix. */
  place(prefix?: string): BackupPlace;
  /** The environment of a Hoplite that backs up to it under a prefix, without `BACKUP_KEY`. */
  env(prefix?: string, url?: string): Record<string, string>;
  /** Ends it as a crash does; what was stored stays. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  restart(options?: { readonly isReadOnly?: boolean }): Promise<void>;
}

interface S3ServerOptions {
  /** It knows its bucket as `backups.NAME` too, where that is the host that is asked for. */
  readonly byHostName?: string;
  /** It speaks TLS, with this one. */
  readonly certificate?: Certificate;
}

/** Starts an S3 server on a free port of `host`. */
export async function startS3Server(
  host = '127.0.0.1',
  { byHostName, certificate }: S3ServerOptions = {},
): Promise<S3Server> {
  const dir = mkdtempSync(join(tmpdir(), 'hoplite-s3-'));
  const bucket = 'backups';
  const folder = join(dir, 'objects', bucket);
  for (const path of [folder, join(dir, 'facts')]) mkdirSync(path, { recursive: true });
  const port = await findFreePort(host);
  const url = `${certificate === undefined ? 'http' : 'https'}://${host}:${port}`;
  const more = byHostName === undefined ? [] : ['--virtual-domain', `${byHostName}:${port}`];
  if (certificate) more.push('--cert', certificate.file, '--key', certificate.keyFile);
  const start = (args: readonly string[]) => startProcess(dir, { url, ca: certificate?.pem, args });
  let child = await start(more);
  // A test that is cut off disposes nothing.
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);

  const server: S3Server = {
    url,
    bucket,
    folder,
    access: (endpoint = url) => ({
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      sessionToken: undefined,
    }),
    place: (prefix = '') => ({ in: 's3', bucket, prefix }),
    env: (prefix = 'hoplite', endpoint = url) => ({
      BACKUP_URL: `s3://${bucket}/${prefix}`,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    }),
    kill: () => end(child),
    async restart({ isReadOnly = false } = {}) {
      await end(child);
      child = await start(isReadOnly ? [...more, '--readonly'] : more);
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', killNow);
      await end(child);
      rmSync(dir, { recursive: true });
    },
  };
  return server;
}

interface Listening {
  readonly url: string;
  /** Its certificate's authority, where it speaks TLS. */
  readonly ca: string | undefined;
}

async function startProcess(
  dir: string,
  { url, ca, args }: Listening & { readonly args: readonly string[] },
): Promise<ChildProcess> {
  const log = openSync(join(dir, 'log'), 'a');
  const child = spawn(
    join(projectDir, 'tools/bin/versitygw'),
    [
      ...['--port', new URL(url).host, '--region', region],
      ...['--health', '/health', '--quiet', '--keep-alive'],
      ...args,
      // Beside the objects, since not every file system has extended attributes.
      ...['posix', '--sidecar', join(dir, 'facts'), join(dir, 'objects')],
    ],
    {
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      stdio: ['ignore', log, log],
    },
  );
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
  });
  failed.catch(() => undefined);
  const deadline = performance.now() + readyWithinMs;
  while (!(await Promise.race([isReady({ url, ca }), failed]))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await end(child);
      const said = readFileSync(join(dir, 'log'), 'utf8').slice(-2_000);
      throw new Error(`the S3 server did not start; run "node scripts/setup.js --test"\n${said}`);
    }
    await wait(20);
  }
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function isReady({ url, ca }: Listening): Promise<boolean> {
  const get = ca === undefined ? getPlain : getByTls;
  const signal = AbortSignal.timeout(2_000);
  const request = get(`${url}/health`, { ca, agent: false, signal });
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode === 200;
  } catch (error) {
    // Nobody listens yet.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
