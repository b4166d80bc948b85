import { beforeEach, describe, expect, it, test } from 'vitest';
import { Acknowledgements } from '../../src/cluster/acknowledgements.ts';
import type { Durability } from '../../src/domain/durability.ts';
import { positionAt } from '../support/fake-mount.ts';

/** One thing that happens; `at` are txids, `/` parts a checksum that is not the usual one. */
type Step =
  | readonly ['begin' | 'show' | 'answer' | 'write', at: string]
  | readonly ['connect' | 'ask' | 'end' | 'cut']
  | readonly ['pass', ms: number];

function position(at: string) {
  const [txid, checksum] = at.split('/').map(Number);
  return positionAt(txid ?? 0, checksum ?? txid);
}

/** Plays steps and gives what each write was told, `…` where it waits. */
function play(steps: readonly Step[]): string {
  const acknowledgements = new Acknowledgements();
  const told: (Durability | '…')[] = [];
  let nowMs = 1000;
  let take: ReturnType<Acknowledgements['asked']> | undefined;
  for (const [step, value] of steps) {
    const at = position(String(value));
    if (step === 'begin') acknowledgements.begin(at, nowMs);
    if (step === 'show') acknowledgements.shown(at, nowMs);
    if (step === 'ask') take = acknowledgements.asked();
    if (step === 'answer') take?.(at, nowMs);
    if (step === 'connect') acknowledgements.connected();
    if (step === 'cut') acknowledgements.disconnected();
    if (step === 'end') acknowledgements.end();
    if (step === 'pass') {
      nowMs += value as number;
      acknowledgements.tick(nowMs);
    }
    if (step === 'write') {
      const index = told.push('…') - 1;
      acknowledgements.wait(at, nowMs, (durability) => {
        expect(told[index], 'told once').toBe('…');
        told[index] = durability;
      });
    }
  }
  return told.join(' ');
}

const ready: readonly Step[] = [['begin', '10'], ['connect'], ['show', '10']];

describe('a write', () => {
  test.each<[string, readonly Step[], string]>([
    ['waits for the other candidate', [...ready, ['write', '11']], '…'],
    [
      'is replicated once that one shows it',
      [...ready, ['write', '11'], ['show', '11']],
      'replicated',
    ],
    [
      'is replicated at once when it was shown before',
      [...ready, ['show', '11'], ['write', '11']],
      'replicated',
    ],
    [
      'is proven by a later one of the same chain',
      [...ready, ['write', '11'], ['write', '12'], ['show', '12']],
      'replicated replicated',
    ],
    [
      'is not proven by an earlier one',
      [...ready, ['write', '11'], ['write', '12'], ['show', '11']],
      'replicated …',
    ],
    [
      'is not proven by its txid with another checksum',
      [...ready, ['write', '11'], ['show', '11/9']],
      '…',
    ],
    [
      'is not proven by a later txid that is not of the chain',
      [...ready, ['write', '11'], ['show', '99']],
      '…',
    ],
    [
      'that changed nothing is as safe as what it found',
      [...ready, ['write', '11'], ['write', '11'], ['show', '11'], ['write', '11']],
      'replicated replicated replicated',
    ],
    ['is local after a second', [...ready, ['write', '11'], ['pass', 999], ['pass', 1]], 'local'],
    ['waits no longer than a second', [...ready, ['write', '11'], ['pass', 999]], '…'],
    [
      'is local where nobody is connected',
      [
        ['begin', '10'],
        ['write', '11'],
      ],
      'local',
    ],
    [
      'is local where the candidate has shown nothing',
      [['begin', '10'], ['connect'], ['write', '11']],
      'local',
    ],
    ['is local when the stream ends', [...ready, ['write', '11'], ['cut']], 'local'],
    ['is local when the term ends', [...ready, ['write', '11'], ['end']], 'local'],
    ['is local without a term', [['connect'], ['show', '11'], ['write', '11']], 'local'],
    [
      'of an order that cannot be is local',
      [...ready, ['write', '12'], ['write', '11'], ['show', '11']],
      '… local',
    ],
  ])('%s', (_, steps, told) => {
    expect(play(steps)).toBe(told);
  });
});

describe('the breaker', () => {
  const broken: readonly Step[] = [...ready, ['write', '11'], ['write', '12'], ['pass', 1000]];

  test.each<[string, readonly Step[], string]>([
    [
      'lets nobody wait after one has waited in vain',
      [...broken, ['write', '13']],
      'local local local',
    ],
    [
      'closes when the candidate is where we are',
      [...broken, ['show', '12'], ['write', '13']],
      'local local …',
    ],
    [
      'stays open while it is behind',
      [...broken, ['show', '11'], ['write', '13']],
      'local local local',
    ],
    [
      'closes when it shows what was written half a second ago, though writes go on',
      [...broken, ['write', '13'], ['write', '14'], ['pass', 500], ['show', '13'], ['write', '15']],
      'local local local local …',
    ],
    [
      'stays open when it is more than that behind',
      [...broken, ['write', '13'], ['write', '14'], ['pass', 501], ['show', '13'], ['write', '15']],
      'local local local local local',
    ],
    ['opens when the stream ends', [...ready, ['cut'], ['write', '11']], 'local'],
    [
      'is not closed by the stream alone',
      [...ready, ['cut'], ['connect'], ['write', '11']],
      'local',
    ],
    [
      'closes when the candidate says after a reconnect that it is where we are',
      [...ready, ['write', '11'], ['cut'], ['connect'], ['ask'], ['answer', '11'], ['write', '12']],
      'local …',
    ],
    [
      'stays open when it says something else',
      [
        ...ready,
        ['write', '11'],
        ['cut'],
        ['connect'],
        ['ask'],
        ['answer', '11/9'],
        ['write', '12'],
      ],
      'local local',
    ],
    [
      'opens when the candidate is set back',
      [...ready, ['write', '11'], ['show', '10/9']],
      'local',
    ],
  ])('%s', (_, steps, told) => {
    expect(play(steps)).toBe(told);
  });
});

describe('what the candidate has shown', () => {
  test.each<[string, readonly Step[], string]>([
    [
      'is over with its stream',
      [...ready, ['show', '11'], ['cut'], ['connect'], ['write', '11']],
      'local',
    ],
    [
      'does not count without one',
      [
        ['begin', '10'],
        ['show', '11'],
        ['write', '11'],
      ],
      'local',
    ],
    [
      'before it was set back does not count',
      [...ready, ['show', '11'], ['show', '9/3'], ['write', '11']],
      'local',
    ],
    [
      'with a txid that comes again does not count for the first',
      [...ready, ['show', '11'], ['show', '11/3'], ['write', '11']],
      'local',
    ],
    [
      'counts in the next term too',
      [...ready, ['show', '11'], ['end'], ['begin', '11'], ['write', '12']],
      '…',
    ],
    [
      'does not count in another term for a txid that comes again',
      [...ready, ['write', '11'], ['show', '11'], ['end'], ['begin', '10'], ['write', '11/5']],
      'replicated …',
    ],
  ])('%s', (_, steps, told) => {
    expect(play(steps)).toBe(told);
  });

  test.each<[string, readonly Step[], string]>([
    [
      'counts as an answer',
      [['begin', '10'], ['connect'], ['ask'], ['answer', '10'], ['write', '11']],
      '…',
    ],
    [
      'is newer than an answer to an earlier question',
      [
        ...ready,
        ['ask'],
        ['write', '11'],
        ['show', '11'],
        ['answer', '10'],
        ['write', '11'],
        ['write', '12'],
      ],
      'replicated replicated …',
    ],
  ])('%s', (_, steps, told) => {
    expect(play(steps)).toBe(told);
  });
});

describe('the bounds', () => {
  let acknowledgements: Acknowledgements;
  let told: Durability[];
  const wait = (at: number) =>
    acknowledgements.wait(positionAt(at), 0, (durability) => told.push(durability));

  beforeEach(() => {
    acknowledgements = new Acknowledgements({ waitMs: 1000, maxWaiters: 3, maxPositions: 4 });
    told = [];
    acknowledgements.begin(positionAt(10), 0);
    acknowledgements.connected();
    acknowledgements.shown(positionAt(10), 0);
  });

  it('tell those that are too many at once that they are local, and leave the others', () => {
    for (let at = 11; at <= 15; at += 1) wait(at);
    expect(told).toEqual(['local', 'local']);
    expect(acknowledgements.waiting).toBe(3);
    acknowledgements.shown(positionAt(13), 0);
    expect(told).toEqual(['local', 'local', 'replicated', 'replicated', 'replicated']);
    expect(acknowledgements.nextDeadlineMs).toBeUndefined();
  });

  it('forget what is long past', () => {
    wait(11);
    for (let at = 20; at < 30; at += 1) wait(at);
    acknowledgements.shown(positionAt(11), 0);
    expect(told).not.toContain('replicated');
    for (let at = 30; at < 40; at += 1) acknowledgements.shown(positionAt(at), 0);
    wait(30);
    expect(told).not.toContain('replicated');
  });
});
