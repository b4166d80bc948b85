import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../domain/random.ts';

/** As `FLEET_SECRET` asks for, in characters. */
const shortestSecret = 32;

/**
 * Gives the secret of a node that runs alone, kept in `DATA_DIR/secret`, which only its owner can read. Makes it
 * when it is missing: written aside and put in place whole, so that of processes that start together all read
 * the same. Rejects when the file cannot be read or written, or holds no secret.
 */
export async function readOrCreateSecret(dataDir: string, random: Random): Promise<string> {
  const file = secretFile(dataDir);
  const secret = (await readSecret(file)) ?? (await createSecret(file, dataDir, random));
  if (secret.length < shortestSecret) {
    throw new Error(`${file} holds no secret of at least ${shortestSecret} characters`);
  }
  return secret;
}

/** Gives the secret that a node has made in its folder; `undefined` when none has. Rejects when it cannot be read. */
export function findSecret(dataDir: string): Promise<string | undefined> {
  return readSecret(secretFile(dataDir));
}

function secretFile(dataDir: string): string {
  return join(dataDir, 'secret');
}

async function readSecret(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function createSecret(file: string, dataDir: string, random: Random): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const aside = `${file}-${Buffer.from(random.bytes(8)).toString('hex')}`;
  try {
    await using handle = await open(aside, 'wx', 0o600);
    await handle.writeFile(`${Buffer.from(random.bytes(32)).toString('base64url')}\n`);
    await handle.sync();
    // Unlike a rename, a link never replaces what another process has put there.
    await link(aside, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
  return (await readSecret(file)) ?? '';
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
