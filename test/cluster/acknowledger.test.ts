import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Acknowledger } from '../../src/cluster/acknowledger.ts';
import { type GuardView, parseGuardView } from '../../src/cluster/guard-view.ts';
import type { Position } from '../../src/domain/position.ts';
import { eventually } from '../support/eventually.ts';
import { guardAnswer } from '../support/fake-guard.ts';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { positionAt } from '../support/fake-mount.ts';
import { silentLog } from '../support/silent-log.ts';

describe('the acknowledger', () => {
  let candidate: FakeLiteFs;
  let view: GuardView | undefined;
  let listeners: Set<(view: GuardView | undefined) => void>;
  /** What the app of each node says of its copy. */
  let copies: Map<string, Position>;
  let asked: string[];
  let acknowledger: Acknowledger;

  beforeEach(async () => {
    candidate = await FakeLiteFs.start({ isPrimary: false, hostname: 'me' });
    listeners = new Set();
    copies = new Map();
    asked = [];
    see('other', candidate.url);
    acknowledger = new Acknowledger({
      guard: {
        view: () => view,
        onAnswer(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      askCopy: async (node) => {
        asked.push(node);
        return { links: copies.get(node), clicks: undefined, follows: 'me' };
      },
      clock: { monotonicMs: () => performance.now() },
      log: silentLog,
    });
  });

  afterEach(async () => {
    await acknowledger[Symbol.asyncDispose]();
    await candidate[Symbol.asyncDispose]();
    expect(listeners.size, 'listeners that are left').toBe(0);
  });

  /** The guard says that `node` holds the other place, or nobody. */
  function see(node: string | undefined, litefsUrl = candidate.url): void {
    const own = { node: 'me', litefsUrl: 'http://127.0.0.1:1', place: 1 };
    const candidates = node === undefined ? [own] : [own, { node, litefsUrl, place: 2 }];
    view = parseGuardView(guardAnswer({ candidates }), performance.now());
    for (const listener of listeners) listener(view);
  }

  async function beginWith(position: Position): Promise<void> {
    copies.set('other', position);
    acknowledger.begin(position);
    await eventually(() => expect(acknowledger.keepsUp).toBe(true));
  }

  it('learns where the other candidate is, and then waits for it', async () => {
    await beginWith(positionAt(10));
    expect(asked).toContain('other');
    const write = acknowledger.acknowledge(positionAt(11));
    await eventually(() => expect(acknowledger.waiting).toBe(1));
    candidate.commit(positionAt(11));
    expect(await write).toBe('replicated');
    expect(acknowledger.otherCandidate).toBe('other');
  });

  it('does not take the transactions of another database for those of the links', async () => {
    await beginWith(positionAt(10));
    const write = acknowledger.acknowledge(positionAt(11));
    candidate.commit(positionAt(11), 'clicks.db');
    expect(await write).toBe('local');
  });

  it('tells who waits in vain after its time, opens the stream anew, and finds the candidate there again', async () => {
    await beginWith(positionAt(10));
    const { opened } = candidate;
    expect(await acknowledger.acknowledge(positionAt(11))).toBe('local');
    expect(await acknowledger.acknowledge(positionAt(12))).toBe('local');
    await eventually(() => expect(candidate.opened).toBeGreaterThan(opened));
    copies.set('other', positionAt(12));
    await eventually(() => expect(acknowledger.keepsUp).toBe(true));
    expect(await acknowledger.acknowledge(positionAt(12))).toBe('replicated');
  });

  it('asks again as long as the candidate is behind', async () => {
    copies.set('other', positionAt(9));
    acknowledger.begin(positionAt(10));
    await eventually(() => expect(asked.length).toBeGreaterThan(2));
    expect(acknowledger.keepsUp).toBe(false);
    copies.set('other', positionAt(10));
    await eventually(() => expect(acknowledger.keepsUp).toBe(true));
  });

  it('tells who waits that they are local when the stream ends, and follows it again', async () => {
    await beginWith(positionAt(10));
    const write = acknowledger.acknowledge(positionAt(11));
    candidate.cutStreams();
    expect(await write).toBe('local');
    copies.set('other', positionAt(11));
    await eventually(() => expect(acknowledger.keepsUp).toBe(true));
  });

  it('follows whoever holds the other place, and nobody where none does', async () => {
    await beginWith(positionAt(10));
    const write = acknowledger.acknowledge(positionAt(11));
    see(undefined);
    expect(await write).toBe('local');
    expect(acknowledger.otherCandidate).toBeUndefined();
    await eventually(() => expect(candidate.streams).toBe(0));
    await using third = await FakeLiteFs.start({ isPrimary: false, hostname: 'me' });
    copies.set('third', positionAt(11));
    see('third', third.url);
    await eventually(() => expect(acknowledger.keepsUp).toBe(true));
    expect(candidate.streams).toBe(0);
    see(undefined);
  });

  it('follows nobody but in a term', async () => {
    see('other');
    expect(candidate.opened).toBe(0);
    await beginWith(positionAt(10));
    acknowledger.end();
    await eventually(() => expect(candidate.streams).toBe(0));
    expect(await acknowledger.acknowledge(positionAt(10))).toBe('local');
  });
});
