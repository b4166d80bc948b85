import {
  allLinksId,
  type ClickCounts,
  type ClickDimension,
  hoursPerDay,
} from '../../src/domain/click.ts';
import type {
  ClickBucket,
  ClickOrder,
  HourRange,
  LinkCounts,
  ValueCounts,
} from '../../src/domain/click-reader.ts';
import { type SomeClicks, toCounts } from './click-database.ts';

/** What a reader says of clicks, worked out from the clicks themselves. */
export class ClickModel {
  readonly clicks: SomeClicks[] = [];
  /** What happened before is known by the day alone. */
  keptFrom = 0;

  total(linkId: number): ClickCounts {
    return addUp(this.#of(linkId));
  }

  buckets(linkId: number, range: HourRange): ClickBucket[] {
    const found = this.#of(linkId).filter((click) => this.#isIn(click, range));
    return [...Map.groupBy(found, (click) => this.#startOf(click))]
      .map(([hour, of]) => ({
        hour,
        hours: hour < this.keptFrom ? hoursPerDay : 1,
        ...addUp(of),
      }))
      .sort((a, b) => a.hour - b.hour);
  }

  values(
    linkId: number,
    dimension: ClickDimension,
    range: HourRange,
    order: ClickOrder,
  ): ValueCounts[] {
    const found = this.#of(linkId).filter((click) => this.#isIn(click, range));
    const byValue = Map.groupBy(found, ({ values }) => values?.[dimension] ?? null);
    return [...byValue]
      .map(([value, of]) => ({ value, ...addUp(of) }))
      .filter((counts) => weigh(counts, order) > 0);
  }

  topLinks(range: HourRange, order: ClickOrder): LinkCounts[] {
    const found = this.clicks.filter((click) => this.#isIn(click, range));
    return [...Map.groupBy(found, ({ linkId }) => linkId)]
      .map(([linkId, of]) => ({ linkId, ...addUp(of) }))
      .filter((counts) => weigh(counts, order) > 0);
  }

  #of(linkId: number): readonly SomeClicks[] {
    return this.clicks.filter((click) => linkId === allLinksId || click.linkId === linkId);
  }

  #isIn(click: SomeClicks, { fromHour, toHour }: HourRange): boolean {
    const hour = this.#startOf(click);
    return hour >= fromHour && hour < toHour;
  }

  #startOf({ hour }: SomeClicks): number {
    return hour < this.keptFrom ? hour - (hour % hoursPerDay) : hour;
  }
}

/** By which of the counts a list is in order. */
export function weigh({ clicks, bots }: ClickCounts, order: ClickOrder): number {
  return { people: clicks, bots, all: clicks + bots }[order];
}

function addUp(all: readonly SomeClicks[]): ClickCounts {
  return all.map(toCounts).reduce(
    (sum, each) => ({
      clicks: sum.clicks + each.clicks,
      bots: sum.bots + each.bots,
      visitors: sum.visitors + each.visitors,
    }),
    toCounts({}),
  );
}
