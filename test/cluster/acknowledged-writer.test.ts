import { beforeEach, describe, expect, it, test } from 'vitest';
import {
  AcknowledgedWriter,
  type PositionedWriter,
} from '../../src/cluster/acknowledged-writer.ts';
import type { Durability } from '../../src/domain/durability.ts';
import { Failure } from '../../src/domain/failure.ts';
import type { Position } from '../../src/domain/position.ts';
import { positionAt } from '../support/fake-mount.ts';

describe('the writer of a primary that is acknowledged', () => {
  let calls: string[];
  let position: Position | undefined;
  let failure: Error | undefined;
  let acknowledgement: Promise<Durability>;
  let fence: { isOpen: boolean };
  let observed: Durability[];
  let inner: PositionedWriter;

  beforeEach(() => {
    calls = [];
    position = positionAt(11);
    failure = undefined;
    acknowledgement = Promise.resolve('replicated');
    fence = { isOpen: true };
    observed = [];
    const ended = Promise.resolve(undefined);
    inner = {
      opened: { epoch: 3, position: positionAt(10) },
      ended,
      async run(name) {
        calls.push(name);
        if (failure !== undefined) throw failure;
        return { value: 'done', position, epoch: 3, durability: 'local' } as never;
      },
      async count(name) {
        calls.push(name);
        return { value: 'counted', position: undefined, epoch: 3 } as never;
      },
      async [Symbol.asyncDispose]() {
        calls.push('dispose');
      },
    };
  });

  function acknowledged(isStrict = false): AcknowledgedWriter {
    return new AcknowledgedWriter({
      writer: inner,
      acknowledger: {
        begin: ({ txid }) => calls.push(`begin ${Number.parseInt(txid, 16)}`),
        end: () => calls.push('end'),
        acknowledge(at) {
          calls.push(`acknowledge ${Number.parseInt(at.txid, 16)}`);
          return acknowledgement;
        },
      },
      fence,
      isStrict,
      observe: (durability) => observed.push(durability),
    });
  }

  test.each<Durability>(['replicated', 'local'])('tells that a write is %s', async (durability) => {
    acknowledgement = Promise.resolve(durability);
    const written = await acknowledged().run('revokeKey', 1);
    expect(written).toEqual({ value: 'done', position, epoch: 3, durability });
    expect(calls).toEqual(['begin 10', 'revokeKey', 'acknowledge 11']);
    expect(observed).toEqual([durability]);
  });

  it('fails a write that is local where that is not enough', async () => {
    const writer = acknowledged(true);
    expect((await writer.run('revokeKey', 1)).durability).toBe('replicated');
    acknowledgement = Promise.resolve('local');
    await expect(writer.run('revokeKey', 1)).rejects.toMatchObject({
      kind: 'not_replicated',
      details: { retryAfterS: 1 },
    });
    expect(observed, 'it took effect').toEqual(['replicated', 'local']);
  });

  test.each<Durability>(['replicated', 'local'])(
    'does not vouch for a %s write when the fence has closed meanwhile',
    async (durability) => {
      const waiting = Promise.withResolvers<Durability>();
      acknowledgement = waiting.promise;
      const running = acknowledged(true).run('revokeKey', 1);
      fence.isOpen = false;
      waiting.resolve(durability);
      await expect(running).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('not known whether'),
      });
    },
  );

  it('does not vouch for a write whose position is not known', async () => {
    position = undefined;
    await expect(acknowledged().run('revokeKey', 1)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(observed).toEqual([]);
  });

  it('passes on what the writer throws, without waiting for anybody', async () => {
    failure = new Failure('not_found', 'There is no such key.');
    await expect(acknowledged().run('revokeKey', 1)).rejects.toBe(failure);
    expect(calls).not.toContain('acknowledge 11');
  });

  it('does not wait for clicks', async () => {
    fence.isOpen = false;
    await expect(acknowledged(true).count('foldClicks', { beforeHour: 1 })).resolves.toMatchObject({
      value: 'counted',
    });
    expect(calls).toEqual(['begin 10', 'foldClicks']);
  });

  it('ends the term once everything is written and acknowledged', async () => {
    const waiting = Promise.withResolvers<Durability>();
    acknowledgement = waiting.promise;
    const writer = acknowledged();
    const running = writer.run('revokeKey', 1);
    const closing = writer[Symbol.asyncDispose]();
    await new Promise(setImmediate);
    expect(calls).toEqual(['begin 10', 'revokeKey', 'dispose', 'acknowledge 11']);
    waiting.resolve('replicated');
    await closing;
    expect(calls.at(-1)).toBe('end');
    expect((await running).durability).toBe('replicated');
  });
});
