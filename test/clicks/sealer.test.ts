import { describe, expect, it } from 'vitest';
import { Sealer, type SealTask } from '../../src/clicks/spool/sealer.ts';
import { SpoolProducer } from '../../src/clicks/spool/spool-producer.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { someNonce, someProducer } from '../support/sealed-batch.ts';
import { SimulatedDisk } from '../support/simulated-disk.ts';

describe('a sealer', () => {
  it('takes any number of tasks before all others', async () => {
    const sealer = new Sealer({
      files: new SimulatedDisk(),
      compress: async (bytes) => bytes,
      clock: fakeClock(),
      nonce: someNonce,
      onSealed: () => undefined,
      onFailed: () => undefined,
    });
    await sealer.pause();
    sealer.push(taskOf(0));
    sealer.unshift(Array.from({ length: 200_000 }, (_, index) => taskOf(index + 1)));
    expect(sealer.tasks).toHaveLength(200_001);
    expect([0, 199_999, 200_000].map((at) => sealer.tasks[at]?.seq)).toEqual([1, 200_000, 0]);
  });
});

const producer = new SpoolProducer(someProducer);

function taskOf(seq: number): SealTask {
  return {
    producer,
    seq,
    clicksBefore: 0,
    origin: 'sealed',
    sealedAtMs: 0,
    bytes: 0,
    clicks: 0,
    load: () => Promise.reject(new Error('nothing to load')),
    discard: () => undefined,
  };
}
