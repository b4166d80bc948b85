import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { learnRole } from '../../src/cli/migrate/learn-role.ts';
import { eventually } from '../support/eventually.ts';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { findFreePort } from '../support/free-port.ts';

describe('the role that LiteFS tells', () => {
  let litefs: FakeLiteFs;
  beforeEach(async () => {
    litefs = await FakeLiteFs.start({ isPrimary: false });
  });
  afterEach(() => litefs[Symbol.asyncDispose]());

  const learn = (waitMs: number) => learnRole({ litefsUrl: litefs.url, node: 'ams1', waitMs });
  const long = 20_000;

  test('is there at once on a primary and on a replica', async () => {
    litefs.setLease({ isPrimary: true });
    expect(await learn(long)).toEqual({ is: 'primary' });
    litefs.setLease({ isPrimary: false, hostname: 'ams2' });
    expect(await learn(long)).toEqual({ is: 'replica', primary: 'ams2' });
    expect(litefs.infoAsked).toBe(2);
  });

  test('is waited for', async () => {
    const learning = learn(long);
    await eventually(() => expect(litefs.infoAsked).toBeGreaterThan(2));
    litefs.setLease({ isPrimary: true });
    expect(await learning).toEqual({ is: 'primary' });
  });

  test('is not that of the last run, which Consul may still hold', async () => {
    litefs.setLease({ isPrimary: false, hostname: 'ams1' });
    const learning = learn(long);
    await eventually(() => expect(litefs.infoAsked).toBeGreaterThan(2));
    litefs.setLease({ isPrimary: false, hostname: 'ams2' });
    expect(await learning).toEqual({ is: 'replica', primary: 'ams2' });
  });

  test.each([
    ['that tells none', () => undefined],
    ['that hangs', () => (litefs.infoAnswer = 'hang')],
    ['that fails', () => (litefs.infoAnswer = 500)],
  ])('is unknown after the time given, with a LiteFS %s', async (_, arrange) => {
    arrange();
    expect(await learn(300)).toEqual({ is: 'unknown' });
  });

  test('is learned from a LiteFS that begins to answer', async () => {
    const port = await findFreePort();
    const learning = learnRole({
      litefsUrl: `http://127.0.0.1:${port}`,
      node: 'ams1',
      waitMs: long,
    });
    await using late = await FakeLiteFs.start({ isPrimary: true }, port);
    expect(await learning).toEqual({ is: 'primary' });
    expect(late.infoAsked).toBe(1);
  });
});
