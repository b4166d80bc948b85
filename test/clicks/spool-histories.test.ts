import fc from 'fast-check';
import { describe, it } from 'vitest';
import { SimulatedDisk, somePick, systemError } from '../support/simulated-disk.ts';
import { SpoolHistory } from '../support/spool-history.ts';

/** What can happen to a spool. `in` operations of the disk from now, something goes wrong. */
type Step =
  | { readonly do: 'click'; readonly count: number }
  | { readonly do: 'sync' | 'seal' | 'passTime' | 'crash' | 'copy' }
  | { readonly do: 'reissue' | 'mend'; readonly batch: number }
  | { readonly do: 'cutPower'; readonly seed: number }
  | { readonly do: 'fail'; readonly in: number; readonly count: number; readonly code: string }
  | { readonly do: 'fill'; readonly bytes: number }
  | { readonly do: 'dieIn'; readonly in: number; readonly seed: number | undefined };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('click'), count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('sync', 'seal', 'seal', 'passTime') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('crash', 'crash', 'copy') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('reissue', 'mend'), batch: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cutPower'), seed: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail'),
      in: fc.nat(10),
      count: fc.integer({ min: 1, max: 4 }),
      code: fc.constantFrom('EIO', 'ENOSPC'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fill'), bytes: fc.nat(300) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('dieIn'),
      in: fc.nat(12),
      seed: fc.option(fc.nat(), { nil: undefined }),
    }),
  },
) as fc.Arbitrary<Step>;

/** `turns`: the next step does not wait for this one, only that many turns of the promises. */
const anySteps = fc.array(fc.tuple(anyStep, fc.option(fc.nat(8), { nil: undefined, freq: 2 })), {
  minLength: 3,
  maxLength: 30,
});

describe('a spool', () => {
  it('keeps every click that it took, once, whatever happens to it and when', async () => {
    await fc.assert(
      fc.asyncProperty(anySteps, fc.nat(), async (steps, seed) => {
        const pick = somePick(seed);
        const pause = () => passTurns(pick(3));
        const history = await SpoolHistory.begin({ disk: new SimulatedDisk({ pause }) });
        const underWay: (Promise<void> | void)[] = [];
        for (const [step, turns] of steps) {
          const taken = take(history, step);
          if (turns === undefined || isRestart(step)) await taken;
          else await passTurns(turns);
          underWay.push(taken);
          await beginAgainWhenDead(history);
        }
        await Promise.all(underWay);
        history.disk.onOperation = () => undefined;
        await beginAgainWhenDead(history);
        await history.expectAll();
        history.click(1);
        await history.sync();
        await history.restart(history.disk.crash());
        await history.expectAll();
      }),
      { numRuns: 500 },
    );
  });
});

/** Chance of the power cut that is to follow the death of a process; none for a crash. */
const cuts = new WeakMap<object, number | undefined>();

function take(history: SpoolHistory, step: Step): Promise<void> | void {
  switch (step.do) {
    case 'click':
      return history.click(step.count);
    case 'sync':
      return history.sync();
    case 'seal':
      return history.seal();
    case 'passTime':
      history.disk.capacity = Number.MAX_SAFE_INTEGER;
      return history.passTime(1_000);
    case 'crash':
      return history.restart(history.disk.crash());
    case 'copy':
      return history.restart(history.disk.copyFiles());
    case 'reissue':
      return history.reissue(step.batch);
    case 'mend':
      return history.mend(step.batch);
    case 'cutPower':
      return history.powerCut(somePick(step.seed));
    case 'fail': {
      let left = step.in + step.count;
      history.disk.onOperation = (_, call) => {
        left -= 1;
        if (left >= 0 && left < step.count) throw systemError(step.code, call);
      };
      return;
    }
    case 'fill':
      history.disk.capacity = history.disk.bytes + step.bytes;
      return;
    case 'dieIn': {
      let left = step.in;
      const { disk } = history;
      disk.onOperation = () => {
        left -= 1;
        if (left < 0) disk.stop();
      };
      cuts.set(disk, step.seed);
      return;
    }
    default:
      return step satisfies never;
  }
}

function isRestart({ do: what }: Step): boolean {
  return what === 'crash' || what === 'copy' || what === 'cutPower';
}

async function passTurns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await undefined;
}

async function beginAgainWhenDead(history: SpoolHistory): Promise<void> {
  const { disk } = history;
  if (!disk.isStopped) return;
  disk.onOperation = () => undefined;
  const seed = cuts.get(disk);
  if (seed === undefined) await history.restart(disk.crash());
  else await history.powerCut(somePick(seed));
}
