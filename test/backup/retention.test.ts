import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseExpired, type RetainedBackup } from '../../src/backup/retention.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

function backup(takenAt: string | number, given: Partial<RetainedBackup> = {}): RetainedBackup {
  const takenAtMs = typeof takenAt === 'number' ? takenAt : Date.parse(takenAt);
  const name = new Date(takenAtMs).toISOString();
  return { name, takenAtMs, storedAtMs: takenAtMs, isVerified: false, ...given };
}

const names = (backups: readonly RetainedBackup[]) => backups.map(({ name }) => name).toSorted();
/** Everything is settled. */
const later = Number.POSITIVE_INFINITY;
const expired = (...backups: RetainedBackup[]) => names(chooseExpired(backups, later));

/** Backups of `hours` hours, one an hour, that end at a time: nothing older is within the newest hours. */
function hourly(until: string, hours = 25): RetainedBackup[] {
  return Array.from({ length: hours }, (_, n) => backup(Date.parse(until) - n * hourMs));
}
const now = '2026-11-30T12:30:00.000Z';

describe('a backup is no longer kept', () => {
  it.each<[string, string[], string[]]>([
    [
      'when one of its day is newer',
      ['2026-11-20T10:00:00.000Z', '2026-11-20T23:59:59.999Z'],
      ['2026-11-20T10:00:00.000Z'],
    ],
    [
      'unless it is of the newest 24 hours',
      ['2026-11-29T12:30:00.000Z', '2026-11-29T12:40:00.000Z'],
      [],
    ],
    [
      'and never because of one of another day',
      ['2026-11-20T23:59:59.999Z', '2026-11-21T00:00:00.000Z'],
      [],
    ],
    [
      'and never because of one of the same day a year before',
      ['2025-11-20T10:00:00.000Z', '2026-11-20T10:00:00.000Z'],
      [],
    ],
  ])('%s', (_, given, gone) => {
    expect(expired(...hourly(now), ...given.map((at) => backup(at)))).toEqual(gone);
  });

  it('when 30 newer days have one, unless it is the last one of its month', () => {
    const days = Array.from({ length: 40 }, (_, n) =>
      backup(Date.parse('2026-11-29T09:00:00.000Z') - n * dayMs),
    );
    // The 30th of November, which `hourly` ends on, and the 29 days before stay.
    expect(expired(...hourly(now, 1), ...days)).toEqual(
      names(days.slice(29).filter(({ name }) => !name.startsWith('2026-10-31'))),
    );
  });

  it('when 12 newer months have one', () => {
    const months = Array.from({ length: 20 }, (_, n) => backup(Date.UTC(2026, 10 - n, 15, 9)));
    const ofLast30 = Array.from({ length: 40 }, (_, n) => backup(Date.parse(now) - n * dayMs));
    const gone = expired(...ofLast30, ...months);
    // The newest 12 months have their last one: of November and October that is one of the last 30 days.
    expect(gone).toContain(months[12]?.name);
    expect(gone).not.toContain(months[11]?.name);
    expect(gone).not.toContain(months[2]?.name);
  });

  it('but not the newest that was verified, however old it is', () => {
    const old = [1, 2, 3].map((hour) =>
      backup(`2020-01-01T0${hour}:00:00.000Z`, { isVerified: hour === 2 || hour === 1 }),
    );
    const many = Array.from({ length: 40 }, (_, n) => backup(Date.parse(now) - n * 31 * dayMs));
    expect(expired(...old, ...many)).toContain(old[0]?.name);
    expect(expired(...old, ...many)).toContain(old[2]?.name);
    expect(expired(...old, ...many)).not.toContain(old[1]?.name);
  });

  it('but not what was stored a moment ago, whenever it says that it was taken', () => {
    const wrong = backup('2001-01-01T00:00:00.000Z', { storedAtMs: Date.parse(now) });
    const newer = backup('2001-01-01T01:00:00.000Z');
    const many = Array.from({ length: 40 }, (_, n) => backup(Date.parse(now) - n * 31 * dayMs));
    const gone = names(chooseExpired([wrong, newer, ...many], Date.parse(now) - dayMs));
    expect(gone).toContain(newer.name);
    expect(gone).not.toContain(wrong.name);
  });

  it('and none for the time that goes by: where no backups are made none goes', () => {
    const all = hourly('2020-01-01T12:30:00.000Z').concat(
      Array.from({ length: 60 }, (_, n) =>
        backup(Date.parse('2020-01-01T12:00:30.000Z') + n * 1000),
      ),
    );
    expect(expired(...all)).toEqual([]);
  });

  it('and a clock that was a year ahead for an hour costs next to nothing', () => {
    const right = Array.from({ length: 24 * 60 }, (_, n) => backup(Date.parse(now) - n * minuteMs));
    const wrong = Array.from({ length: 60 }, (_, n) =>
      backup(Date.parse(now) + 365 * dayMs + n * minuteMs),
    );
    const gone = expired(...right, ...wrong);
    // Two hours of the clock were in the way; no day and no month is lost.
    expect(gone.length).toBeLessThanOrEqual(2 * 60);
  });
});

describe('whatever the backups are', () => {
  const anyBackup = fc
    .record({
      takenAtMs: fc.integer({
        min: Date.UTC(2024, 0, 1) / minuteMs,
        max: Date.UTC(2026, 0, 1) / minuteMs,
      }),
      delayMs: fc.integer({ min: 0, max: 30 * hourMs }),
      isVerified: fc.boolean(),
    })
    .map(({ takenAtMs, delayMs, isVerified }) =>
      backup(takenAtMs * minuteMs, { storedAtMs: takenAtMs * minuteMs + delayMs, isVerified }),
    );
  const anyBackups = fc.uniqueArray(anyBackup, { selector: ({ name }) => name, maxLength: 120 });
  const anySettled = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2026, 0, 5) });
  const chosen = (backups: readonly RetainedBackup[], settledMs: number) => {
    const gone = new Set(names(chooseExpired(backups, settledMs)));
    return backups.filter(({ name }) => !gone.has(name));
  };
  const newest = (backups: readonly RetainedBackup[]) =>
    backups.toSorted((a, b) => b.takenAtMs - a.takenAtMs)[0];

  it('24 hours, 30 days, 12 months and the newest verified one are there', () => {
    fc.assert(
      fc.property(anyBackups, anySettled, (backups, settledMs) => {
        const kept = new Set(names(chosen(backups, settledMs)));
        const last = newest(backups);
        if (last === undefined) return;
        const within = (ms: number) =>
          backups.filter(({ takenAtMs }) => takenAtMs >= last.takenAtMs - ms);
        for (const { name } of within(24 * hourMs)) expect(kept).toContain(name);
        const verified = newest(backups.filter(({ isVerified }) => isVerified));
        if (verified) expect(kept).toContain(verified.name);
        for (const one of within(29 * dayMs)) {
          const ofDay = backups.filter(({ name }) => name.slice(0, 10) === one.name.slice(0, 10));
          expect(kept).toContain(newest(ofDay)?.name);
        }
        for (const one of within(334 * dayMs)) {
          const ofMonth = backups.filter(({ name }) => name.slice(0, 7) === one.name.slice(0, 7));
          expect(kept).toContain(newest(ofMonth)?.name);
        }
        for (const { name, storedAtMs } of backups) {
          if (storedAtMs > settledMs) expect(kept).toContain(name);
        }
      }),
    );
  });

  it('choosing again chooses nothing', () => {
    fc.assert(
      fc.property(anyBackups, anySettled, (backups, settledMs) => {
        expect(chooseExpired(chosen(backups, settledMs), settledMs)).toEqual([]);
      }),
    );
  });

  it('pruning on the way, however often, takes nothing that pruning at the end would keep', () => {
    const byTime = (backups: readonly RetainedBackup[]) =>
      backups.toSorted((a, b) => a.takenAtMs - b.takenAtMs);
    fc.assert(
      fc.property(anyBackups, fc.infiniteStream(fc.boolean()), (backups, prunes) => {
        let there: RetainedBackup[] = [];
        for (const one of byTime(backups)) {
          // Verification does not come at once, and this is about the rest.
          there.push({ ...one, isVerified: false });
          if (prunes.next().value) there = [...chosen(there, later)];
        }
        const atTheEnd = chosen(
          backups.map((one) => ({ ...one, isVerified: false })),
          later,
        );
        expect(names(chosen(there, later))).toEqual(names(atTheEnd));
      }),
    );
  });

  it('not many are kept of a year of one each 10 minutes', () => {
    const start = Date.UTC(2025, 0, 1);
    let there: RetainedBackup[] = [];
    for (let hour = 0; hour < 365 * 24; hour += 1) {
      for (let minute = 0; minute < 60; minute += 10)
        there.push(backup(start + hour * hourMs + minute * minuteMs));
      if (hour % 24 === 0) there = [...chosen(there, later)];
    }
    there = [...chosen(there, later)];
    expect(there.length).toBeLessThanOrEqual(25 * 6 + 30 + 12);
    expect(there.length).toBeGreaterThanOrEqual(25 * 6 + 28 + 10);
  });
});
