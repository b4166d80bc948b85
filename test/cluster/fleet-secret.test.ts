import { writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOrCreateSecret } from '../../src/cluster/fleet-secret.ts';
import { seededRandom } from '../support/seeded-random.ts';

describe('the secret of a node alone', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hoplite-secret-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made once, for its owner only, with nothing left beside it', async () => {
    const dataDir = join(folder, 'data');
    const secret = await readOrCreateSecret(dataDir, seededRandom('1'));
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await readOrCreateSecret(dataDir, seededRandom('2'))).toBe(secret);
    expect(await readdir(dataDir)).toEqual(['secret']);
    expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(dataDir, 'secret'), 'utf8')).toBe(`${secret}\n`);
  });

  it('is the same for all that start together', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        readOrCreateSecret(folder, seededRandom(`${index}`)),
      ),
    );
    expect(new Set(made).size).toBe(1);
    expect(await readdir(folder)).toEqual(['secret']);
  });

  it('is the one that another process has put there just before', async () => {
    const other = 'the secret of another process, long enough';
    const random = {
      bytes(count: number) {
        writeFileSync(join(folder, 'secret'), other);
        return new Uint8Array(count);
      },
    };
    expect(await readOrCreateSecret(folder, random)).toBe(other);
    expect(await readdir(folder)).toEqual(['secret']);
  });

  it('is never replaced: a file that holds none is an error that names it', async () => {
    await writeFile(join(folder, 'secret'), 'short\n');
    await expect(readOrCreateSecret(folder, seededRandom('1'))).rejects.toThrow(
      `${join(folder, 'secret')} holds no secret`,
    );
    expect(await readFile(join(folder, 'secret'), 'utf8')).toBe('short\n');
  });

  it('that cannot be written is an error', async () => {
    await writeFile(join(folder, 'file'), '');
    await chmod(join(folder, 'file'), 0o400);
    await expect(readOrCreateSecret(join(folder, 'file'), seededRandom('1'))).rejects.toThrow();
  });
});
