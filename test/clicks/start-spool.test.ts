import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startSpool } from '../../src/clicks/spool/start-spool.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import { systemClock } from '../../src/system-clock.ts';
import { eventually } from '../support/eventually.ts';
import { rememberingLog } from '../support/logged.ts';
import { noDetails } from '../support/sealed-batch.ts';
import { readClicks } from '../support/test-spool.ts';

it('a spool that runs seals by itself, and leaves nothing open when it is disposed of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spool-'));
  const running = await startSpool({
    folder,
    clock: systemClock,
    random: { bytes: (count) => randomBytes(count) },
    log: rememberingLog().log,
    node: 'a',
    region: 'fra',
    sync: 'tick',
    retentionMs: 3_600_000,
    maxBytes: 1_000_000,
  });
  const { spool } = running;
  const frames = new ClickFrameEncoder(spool.nonce);
  frames.add(1, noDetails, false);
  await spool.append(frames, Date.now());
  await eventually(() => expect(spool.readGauges().batches).toBe(1));
  frames.add(2, noDetails, false);
  await spool.append(frames, Date.now());
  await running[Symbol.asyncDispose]();
  expect(await readClicks(spool)).toEqual([1, 2]);
  const files = await readdir(join(folder, spool.producer ?? ''));
  expect(files.filter((name) => name.endsWith('.open'))).toEqual([]);
  await rm(folder, { recursive: true });
});
