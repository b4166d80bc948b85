import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { projectDir } from '../../scripts/cluster/programs.ts';

const run = promisify(execFile);

/** What programs read (docs/performance.md); further fields may come. */
const output = z.strictObject({
  variants: z.array(
    z.object({
      variant: z.string(),
      ratio: z.number().positive(),
      answered: z.int().positive(),
      counted: z.int(),
      p50Ms: z.number().positive(),
      p99Ms: z.number().positive(),
      rssMb: z.number().positive(),
      spread: z.object({ min: z.number(), max: z.number() }),
    }),
  ),
});

test('a very short benchmark has figures of all it measured, and every click and link was counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hoplite-bench-test-'));
  try {
    const file = join(folder, 'bench.json');
    const dir = join(folder, 'work');
    const measured = [
      'hoplite-hot',
      'hoplite-uniform-1k',
      'hoplite-headers',
      'express-update',
      'creates-1',
      'creates-32',
    ];
    const only = measured.flatMap((name) => ['--only', name]);
    const options = [
      '--quick',
      '--rounds',
      '1',
      '--seconds',
      '0.2',
      ...only,
      '--json',
      file,
      '--dir',
      dir,
    ];
    const { stdout } = await run('npm', ['run', 'bench', '--', ...options], { cwd: projectDir });
    const { variants } = output.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect(variants.map(({ variant }) => variant)).toEqual([
      'raw-http',
      'hoplite-hot',
      'hoplite-uniform-1k',
      'express-update',
      'raw-http-headers',
      'hoplite-headers',
      'creates-1',
      'creates-32',
    ]);
    for (const { variant, answered, counted, ratio, spread } of variants) {
      expect(counted, variant).toBe(measured.includes(variant) ? answered : 0);
      expect(spread).toEqual({ min: ratio, max: ratio });
      expect(stdout).toContain(variant);
    }
    expect(variants[0]?.ratio).toBe(1);
    expect(readdirSync(dir), 'what it leaves behind').toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a benchmark that is not understood says how it is to be', async () => {
  const failed = run('npm', ['run', 'bench', '--', '--only', 'hoplite-cold'], { cwd: projectDir });
  await expect(failed).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('hoplite-hot'),
  });
});
