import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Acknowledgements } from '../../src/cluster/acknowledgements.ts';
import type { Position } from '../../src/domain/position.ts';
import { positionAt } from '../support/fake-mount.ts';

/** Everything that can happen around a primary and the other candidate. Numbers choose among what there is. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ is: fc.constant('write' as const), checksum: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant('write nothing' as const), back: fc.nat(3) }),
  },
  // The candidate shows one of our positions, or one of a history that we do not know.
  { weight: 3, arbitrary: fc.constant({ is: 'show ours' as const, back: 0 }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('show ours' as const), back: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('show other' as const),
      txid: fc.integer({ min: 8, max: 20 }),
      checksum: fc.nat(2),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ is: 'connect' as const }) },
  { weight: 1, arbitrary: fc.constant({ is: 'cut' as const }) },
  { weight: 1, arbitrary: fc.constant({ is: 'ask' as const }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('answer' as const), back: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('new term' as const),
      txid: fc.integer({ min: 8, max: 20 }),
      checksum: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('pass' as const), ms: fc.nat(700) }) },
);

test('no write is ever replicated that the candidate has not shown or passed on our chain', () => {
  let replicated = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const acknowledgements = new Acknowledgements({
        waitMs: 1000,
        maxWaiters: 5,
        maxPositions: 6,
      });
      let nowMs = 0;
      let isConnected = false;
      let chain: Position[] = [positionAt(10, 0)];
      /** What the candidate has shown over the stream that is open. */
      let shown: Position[] = [];
      let take: ReturnType<Acknowledgements['asked']> | undefined;
      acknowledgements.begin(chain[0] as Position, nowMs);
      const ours = (back: number) => chain[Math.max(0, chain.length - 1 - back)] as Position;
      const show = (position: Position, tell: (position: Position, nowMs: number) => void) => {
        if (isConnected) shown.push(position);
        tell(position, nowMs);
      };
      const wait = (position: Position) => {
        const own = chain;
        acknowledgements.wait(position, nowMs, (durability) => {
          if (durability === 'local') return;
          replicated += 1;
          const passed = own.slice(own.indexOf(position));
          expect(
            passed.some((later) => shown.some((one) => isSame(one, later))),
            'the candidate has shown the position of the write, or a later one of our chain',
          ).toBe(true);
        });
      };
      for (const one of steps) {
        switch (one.is) {
          case 'write': {
            const txid = Number.parseInt(ours(0).txid, 16) + 1;
            chain.push(positionAt(txid, one.checksum));
            wait(ours(0));
            break;
          }
          case 'write nothing':
            wait(ours(one.back));
            break;
          case 'show ours':
            show(ours(one.back), (at, now) => acknowledgements.shown(at, now));
            break;
          case 'show other':
            show(positionAt(one.txid, one.checksum), (at, now) => acknowledgements.shown(at, now));
            break;
          case 'connect':
            isConnected = true;
            acknowledgements.connected();
            break;
          case 'cut':
            isConnected = false;
            shown = [];
            acknowledgements.disconnected();
            break;
          case 'ask':
            take = acknowledgements.asked();
            break;
          case 'answer':
            show(ours(one.back), (at, now) => take?.(at, now));
            break;
          case 'new term':
            chain = [positionAt(one.txid, one.checksum)];
            acknowledgements.begin(ours(0), nowMs);
            break;
          case 'pass':
            nowMs += one.ms;
            acknowledgements.tick(nowMs);
            break;
        }
      }
    }),
    { numRuns: 1000 },
  );
  expect(replicated, 'writes that were replicated in all these histories').toBeGreaterThan(5000);
});

function isSame(a: Position, b: Position): boolean {
  return a.txid === b.txid && a.checksum === b.checksum;
}
