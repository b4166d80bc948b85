import { describe, expect, it } from 'vitest';
import {
  listPoints,
  listSmallHistories,
  type Strike,
  strikeAt,
  strikes,
} from '../support/click-simulation-crashes.ts';
import { faults } from '../support/click-simulation-faults.ts';

const histories = [...listSmallHistories(6)];

/** Where a strike makes a difference. */
async function* listStrikes(strike: Strike) {
  for (const history of histories) {
    const points = await listPoints(history);
    for (const [index, point] of points.entries()) {
      if (strike === 'lose message' && point !== 'message') continue;
      if (strike === 'end primary' && point === 'disk') continue;
      yield { history, at: index + 1 };
    }
  }
}

describe('every history of up to six moves', () => {
  it.each(strikes)(
    'keeps its promises with each point struck: %s',
    async (strike) => {
      let count = 0;
      for await (const { history, at } of listStrikes(strike)) {
        count += 1;
        try {
          await strikeAt(history, at, strike);
        } catch (cause) {
          throw new Error(`${strike} at point ${at} of ${JSON.stringify(history)}`, { cause });
        }
      }
      expect(count).toBeGreaterThan(200);
    },
    300_000,
  );

  it('goes red with a cursor that stays when its transaction is undone', async () => {
    const broken = faults['a cursor that stays when its transaction is undone']?.();
    const failures: unknown[] = [];
    for await (const { history, at } of listStrikes('end primary')) {
      await strikeAt(history, at, 'end primary', broken).catch((error) => failures.push(error));
      if (failures.length > 0) break;
    }
    expect(failures).toHaveLength(1);
  }, 60_000);
});
