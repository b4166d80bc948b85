import { describe, expect, it } from 'vitest';
import type { CopyPositions, CopyState } from '../../src/cluster/copy-state.ts';
import { type HandoffLimits, type HandoffSteps, handOver } from '../../src/cluster/handoff.ts';
import { copyAt } from '../support/copy-at.ts';

const limits: HandoffLimits = {
  silentMs: 100,
  nearMs: 200,
  sameMs: 300,
  goneMs: 400,
  openMs: 500,
};

/** A fleet of a primary `a` and a candidate `b` that does what a test says; time goes by with pauses only. */
class Fleet {
  /** Everything that was done, in its order, each time it was. */
  readonly done: string[] = [];
  nowMs = 0;
  isPrimary = true;
  isOpen = true;
  /** How far the primary is: it commits one more each time it is looked at, as long as it writes. */
  own = 10;
  other: string | undefined = 'b';
  /** What the candidate says about itself. */
  copy: () => CopyState | undefined = () => copyAt(this.own, 3, 'a');
  promotion: 'asked' | 'refused' | 'unknown' = 'asked';
  /** Whether the lease goes once it was asked for. */
  moves = true;
  heirOpensAtMs = 0;

  readonly steps: HandoffSteps = {
    node: 'a',
    isPrimary: () => this.isPrimary,
    findOther: () =>
      this.other === undefined
        ? undefined
        : { node: this.other, litefsUrl: 'http://b.test:20202', place: 2 },
    askCopy: async () => {
      this.done.push('ask');
      return this.copy();
    },
    ownCopy: async (): Promise<CopyPositions> => {
      if (this.isOpen) this.own += 1;
      return copyAt(this.own, 3);
    },
    rest: async () => {
      if (!this.isOpen) return false;
      this.done.push('rest');
      this.isOpen = false;
      return true;
    },
    resume: () => {
      this.done.push('resume');
      this.isOpen = true;
    },
    promote: async (candidate) => {
      this.done.push(`promote ${candidate.litefsUrl}`);
      if (this.moves) this.isPrimary = false;
      return this.promotion;
    },
    takesWrites: async () => this.nowMs >= this.heirOpensAtMs,
    monotonicMs: () => this.nowMs,
    pause: async (ms) => {
      this.nowMs += ms;
    },
  };

  /** What was done, without repeats. */
  get course(): string[] {
    return this.done.filter((step, index) => step !== this.done[index - 1]);
  }
}

const promotion = 'promote http://b.test:20202';

describe('a handoff', () => {
  it('closes the writer, compares, and only then asks for the lease', async () => {
    const fleet = new Fleet();
    fleet.heirOpensAtMs = 40;
    expect(await handOver(fleet.steps, limits)).toEqual({
      is: 'handed_over',
      to: 'b',
      heldMs: 40,
    });
    expect(fleet.course).toEqual(['ask', 'rest', 'ask', promotion]);
  });

  it('goes to the one that is named', async () => {
    const fleet = new Fleet();
    expect(await handOver(fleet.steps, limits, 'b')).toMatchObject({ is: 'handed_over', to: 'b' });
  });

  it.each<[string, (fleet: Fleet) => void, string | undefined, object, string[]]>([
    [
      'this node is not primary',
      (fleet) => {
        fleet.isPrimary = false;
      },
      undefined,
      { why: 'not_primary' },
      [],
    ],
    ['this node is meant', () => undefined, 'a', { why: 'to_itself' }, []],
    [
      'there is no other candidate',
      (fleet) => {
        fleet.other = undefined;
      },
      undefined,
      { why: 'no_candidate' },
      [],
    ],
    ['another node is meant', () => undefined, 'c', { why: 'not_candidate', other: 'b' }, []],
    [
      'the candidate says nothing',
      (fleet) => {
        fleet.copy = () => undefined;
      },
      undefined,
      { why: 'silent', other: 'b' },
      ['ask'],
    ],
    [
      'the candidate is behind by a link, and writes go on',
      (fleet) => {
        fleet.copy = () => copyAt(10, 3, 'a');
      },
      undefined,
      { why: 'behind', other: 'b' },
      ['ask'],
    ],
    [
      'the candidate is behind by clicks, and writes go on',
      (fleet) => {
        fleet.copy = () => copyAt(fleet.own, 2, 'a');
      },
      undefined,
      { why: 'behind', other: 'b' },
      ['ask'],
    ],
    [
      'the candidate follows another primary',
      (fleet) => {
        fleet.copy = () => copyAt(fleet.own, 3, 'c');
      },
      undefined,
      { why: 'behind', other: 'b' },
      ['ask'],
    ],
    [
      'no writer is open',
      (fleet) => {
        fleet.isOpen = false;
      },
      undefined,
      { why: 'not_open', other: 'b' },
      ['ask'],
    ],
    [
      'the candidate has the same txid of another history',
      (fleet) => {
        fleet.copy = () => {
          const copy = copyAt(fleet.own, 3, 'a');
          return { ...copy, links: { ...copy.links, checksum: 'f'.repeat(16) } as never };
        };
      },
      undefined,
      { why: 'behind', other: 'b' },
      ['ask', 'rest', 'ask', 'resume'],
    ],
    [
      'the candidate falls behind once writes are held',
      (fleet) => {
        fleet.copy = () => copyAt(fleet.isOpen ? fleet.own : 5, 3, 'a');
      },
      undefined,
      { why: 'behind', other: 'b' },
      ['ask', 'rest', 'ask', 'resume'],
    ],
    [
      'the candidate is ahead, so that histories have parted',
      (fleet) => {
        fleet.copy = () => copyAt(fleet.own + 1, 3, 'a');
      },
      undefined,
      { why: 'behind', other: 'b' },
      ['ask', 'rest', 'ask', 'resume'],
    ],
    [
      'its LiteFS refuses',
      (fleet) => {
        fleet.promotion = 'refused';
        fleet.moves = false;
      },
      undefined,
      { why: 'not_promoted', other: 'b' },
      ['ask', 'rest', 'ask', promotion, 'resume'],
    ],
    [
      'the lease does not go',
      (fleet) => {
        fleet.moves = false;
      },
      undefined,
      { why: 'not_promoted', other: 'b' },
      ['ask', 'rest', 'ask', promotion, 'resume'],
    ],
  ])('is refused when %s', async (_, arrange, to, refusal, course) => {
    const fleet = new Fleet();
    arrange(fleet);
    expect(await handOver(fleet.steps, limits, to)).toEqual({ is: 'refused', ...refusal });
    expect(fleet.course).toEqual(course);
    if (fleet.done.includes('rest')) expect(fleet.isOpen).toBe(true);
  });

  it('waits for a candidate that comes near while writes go on', async () => {
    const fleet = new Fleet();
    fleet.copy = () => copyAt(fleet.nowMs < 150 ? 5 : fleet.own, 3, 'a');
    expect(await handOver(fleet.steps, limits)).toMatchObject({ is: 'handed_over' });
    expect(fleet.course).toEqual(['ask', 'rest', 'ask', promotion]);
    // From when writes were held, not from when it began to wait.
    expect(fleet.nowMs).toBeGreaterThanOrEqual(150);
    expect(await handOver(fleet.steps, limits)).toMatchObject({ why: 'not_primary' });
  });

  it('takes writes again only once LiteFS has had the time to do what it was asked, answered or not', async () => {
    const fleet = new Fleet();
    fleet.promotion = 'unknown';
    fleet.moves = false;
    const { pause } = fleet.steps;
    const steps: HandoffSteps = {
      ...fleet.steps,
      pause: async (ms) => {
        await pause(ms);
        if (fleet.done.includes(promotion) && fleet.nowMs >= 300) fleet.isPrimary = false;
      },
    };
    expect(await handOver(steps, limits)).toMatchObject({ is: 'handed_over', to: 'b' });
    expect(fleet.done).not.toContain('resume');
  });

  it('has happened also when the new primary does not take writes yet', async () => {
    const fleet = new Fleet();
    fleet.heirOpensAtMs = Number.POSITIVE_INFINITY;
    expect(await handOver(fleet.steps, limits)).toEqual({
      is: 'handed_over',
      to: 'b',
      heldMs: undefined,
    });
    expect(fleet.done).not.toContain('resume');
  });

  it('is not asked for when the role goes while positions are compared', async () => {
    const fleet = new Fleet();
    const { askCopy } = fleet.steps;
    const steps: HandoffSteps = {
      ...fleet.steps,
      askCopy: async (node) => {
        if (fleet.done.includes('rest')) fleet.isPrimary = false;
        return askCopy(node);
      },
    };
    expect(await handOver(steps, limits)).toEqual({
      is: 'refused',
      why: 'not_primary',
      other: 'b',
    });
    expect(fleet.course).toEqual(['ask', 'rest', 'ask', 'resume']);
  });
});
