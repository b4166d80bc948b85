import { expect, test } from 'vitest';
import { handoffPath, LeaseMoves } from '../../src/app/lease-moves.ts';
import type { CopyState } from '../../src/cluster/copy-state.ts';
import type { GuardView } from '../../src/cluster/guard-view.ts';
import type { PeerAnswer, PeerRequest } from '../../src/cluster/peer-client.ts';

import { copyAt } from '../support/copy-at.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { positionAt } from '../support/fake-mount.ts';
import { type ListeningServer, listen } from '../support/listen.ts';
import { silentLog } from '../support/silent-log.ts';

/** Node `me`, which is primary, and the candidate `b`, whose LiteFS takes the lease as soon as it is asked to. */
class Fleet implements AsyncDisposable {
  readonly cluster = new FakeCluster({ is: 'primary' });
  /** What `me` did, in order. */
  readonly done: string[] = [];
  /** What the candidate says of itself; `undefined` is silence. */
  copy: CopyState | undefined = copyAt(10, 10, 'me');
  /** What any node answers to anything else. */
  answer: () => Promise<PeerAnswer | undefined> = async () => undefined;
  readonly sent: { readonly node: string; readonly request: PeerRequest }[] = [];
  #litefs: ListeningServer | undefined;
  hasGuard = true;
  hasCandidate = true;

  static async start(): Promise<Fleet> {
    const fleet = new Fleet();
    fleet.#litefs = await listen((_, response) => {
      fleet.cluster.become({ is: 'replica', primary: 'b' });
      response.end();
    });
    return fleet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#litefs?.[Symbol.asyncDispose]();
  }

  moves(): LeaseMoves {
    return new LeaseMoves({
      cluster: this.cluster,
      guard: this.hasGuard
        ? { view: () => this.#view(), tellProgress: async () => void this.done.push('told') }
        : undefined,
      writers: {
        rest: async () => {
          this.done.push('rest');
          return true;
        },
        resume: () => void this.done.push('resume'),
      },
      peers: {
        send: async (node, request) => {
          this.sent.push({ node, request });
          if (request.method !== 'GET') return this.answer();
          if (this.copy === undefined) throw new Error('silence');
          const { links, clicks, follows } = this.copy;
          return { status: 200, body: JSON.stringify({ links, clicks, follows }) };
        },
      },
      askPosition: async () => ({ epoch: 2, txid: positionAt(11).txid }),
      readPositions: async () => copyAt(10),
      clock: { monotonicMs: () => performance.now() },
      log: silentLog,
    });
  }

  #view(): GuardView {
    const own = { node: 'me', litefsUrl: 'http://me.test:20202', place: 1 };
    const other = { node: 'b', litefsUrl: `http://127.0.0.1:${this.#litefs?.port}`, place: 2 };
    return {
      node: 'me',
      askedAtMs: 0,
      isCandidate: true,
      lease: { holder: 'me', isOurs: true, renewedAtMs: 0 },
      consulAnsweredAtMs: 0,
      candidates: this.hasCandidate ? [own, other] : [own],
      mark: undefined,
    };
  }
}

test('a handoff says from where to where, how long writes were held, and is counted', async () => {
  await using fleet = await Fleet.start();
  const moves = fleet.moves();
  expect(await moves.handOver('b')).toEqual({ from: 'me', to: 'b', heldMs: expect.any(Number) });
  expect(fleet.done).toEqual(['rest']);
  expect(moves.readCounts()).toEqual({ handed_over: 1 });
});

test('a handoff that cannot be is a conflict whose sentence names both nodes, and is counted by its reason', async () => {
  await using fleet = await Fleet.start();
  const moves = fleet.moves();
  await expect(moves.handOver('c')).rejects.toMatchObject({
    kind: 'conflict',
    message: 'c is no candidate: only b can become primary instead of me.',
  });
  fleet.copy = copyAt(9, 10, 'me');
  await expect(moves.handOver()).rejects.toMatchObject({
    kind: 'conflict',
    message: 'b is behind me, so the lease stays here: otherwise writes would be lost.',
  });
  fleet.hasCandidate = false;
  await expect(moves.handOver()).rejects.toMatchObject({
    message: 'There is no other candidate that could become primary instead of me.',
  });
  expect(moves.readCounts()).toEqual({
    handed_over: 0,
    not_candidate: 1,
    behind: 1,
    no_candidate: 1,
  });
});

test('while the lease is on its way a second handoff is refused for the moment', async () => {
  await using fleet = await Fleet.start();
  const moves = fleet.moves();
  const first = moves.handOver();
  await expect(moves.handOver()).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await first).toMatchObject({ to: 'b' });
});

test('a replica passes the order on to the primary, and its answer back', async () => {
  await using fleet = await Fleet.start();
  fleet.cluster.become({ is: 'replica', primary: 'b' });
  fleet.answer = async () => ({ status: 409, body: '{"detail":"not now"}' });
  const moves = fleet.moves();
  expect(await moves.order('me')).toEqual({ status: 409, body: '{"detail":"not now"}' });
  expect(fleet.sent).toMatchObject([
    { node: 'b', request: { method: 'POST', path: handoffPath, body: Buffer.from('{"to":"me"}') } },
  ]);
});

test('a primary that cannot be reached or found is named', async () => {
  await using fleet = await Fleet.start();
  fleet.cluster.become({ is: 'replica', primary: 'b' });
  const moves = fleet.moves();
  await expect(moves.order()).rejects.toMatchObject({
    kind: 'unavailable',
    message: 'The private port of the primary, b, is not known.',
  });
  fleet.answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
  await expect(moves.order()).rejects.toMatchObject({
    kind: 'unavailable',
    message: 'The primary, b, does not answer.',
  });
});

test('on the way out the lease goes to the candidate, and nobody is told any more how far this node is', async () => {
  await using fleet = await Fleet.start();
  const moves = fleet.moves();
  expect(await moves.readCopy()).toEqual({ ...copyAt(10), follows: undefined });
  expect(fleet.done).toEqual(['told']);
  await moves.leave();
  expect(fleet.cluster.role()).toEqual({ is: 'replica', primary: 'b' });
  expect(moves.readCounts()).toEqual({ handed_over: 1 });
  await expect(moves.readCopy()).rejects.toMatchObject({ kind: 'unavailable' });
});

test('on the way out nothing is handed over where nobody knows who could lead, or this node does not', async () => {
  await using fleet = await Fleet.start();
  fleet.hasGuard = false;
  await fleet.moves().leave();
  fleet.hasGuard = true;
  fleet.cluster.become({ is: 'replica', primary: 'b' });
  await fleet.moves().leave();
  expect(fleet.done).toEqual([]);
  expect(fleet.sent).toEqual([]);
});

test('on the way out a candidate that is silent keeps nobody from ending', async () => {
  await using fleet = await Fleet.start();
  fleet.copy = undefined;
  const moves = fleet.moves();
  await moves.leave();
  expect(moves.readCounts()).toEqual({ handed_over: 0, silent: 1 });
});
