import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  findTimeZone,
  startOfLocalDay,
  type TimeZone,
  toLocalDay,
  toZonedTime,
} from '../../src/domain/time-zone.ts';

const msPerDay = 86_400_000;

function zoneOf(name: string): TimeZone {
  const zone = findTimeZone(name);
  if (zone === undefined) throw new Error(`no zone ${name}`);
  return zone;
}

const startOf = (name: string, date: string) =>
  toZonedTime(zoneOf(name), startOfLocalDay(zoneOf(name), Date.parse(date) / msPerDay));

describe('a time zone', () => {
  it.each([
    'UTC',
    'Europe/Amsterdam',
    'europe/amsterdam',
    'Asia/Kolkata',
    'Etc/GMT+5',
    'US/Eastern',
  ])('has the name %s', (name) => {
    expect(findTimeZone(name)?.name).toBe(name);
  });

  it.each([
    '',
    'Nowhere/At_All',
    '+01:00',
    '-05:00',
    'GMT+1',
    'Z',
    'Europe',
    ' UTC',
    'UTC\n',
    '__proto__',
  ])('has not the name %j', (name) => {
    expect(findTimeZone(name)).toBeUndefined();
  });

  it.each([
    ['UTC', '2026-07-01T12:00:00Z', '2026-07-01T12:00:00Z'],
    ['Europe/Amsterdam', '2026-07-01T12:00:00Z', '2026-07-01T14:00:00+02:00'],
    ['Europe/Amsterdam', '2026-12-31T23:30:00Z', '2027-01-01T00:30:00+01:00'],
    ['Europe/London', '2026-12-31T12:00:00Z', '2026-12-31T12:00:00Z'],
    ['America/St_Johns', '2026-01-01T00:00:00Z', '2025-12-31T20:30:00-03:30'],
    ['Asia/Kathmandu', '2026-01-01T00:00:00Z', '2026-01-01T05:45:00+05:45'],
    ['Pacific/Kiritimati', '2026-01-01T00:00:00Z', '2026-01-01T14:00:00+14:00'],
  ])('tells times with their offset: %s', (name, utc, local) => {
    expect(toZonedTime(zoneOf(name), Date.parse(utc))).toBe(local);
  });

  it('has the offset that Intl says at any time of this century, in every zone', () => {
    const instant = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) });
    fc.assert(
      fc.property(fc.constantFrom(...Intl.supportedValuesOf('timeZone')), instant, (name, at) => {
        const shown = new Intl.DateTimeFormat('sv-SE', {
          timeZone: name,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format(at);
        expect(toZonedTime(zoneOf(name), at).slice(0, 19)).toBe(shown.replace(' ', 'T'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a day', () => {
  it.each([
    ['UTC', '2026-03-29', '2026-03-29T00:00:00Z'],
    ['Europe/Amsterdam', '2026-03-29', '2026-03-29T00:00:00+01:00'],
    ['Europe/Amsterdam', '2026-03-30', '2026-03-30T00:00:00+02:00'],
    ['Asia/Kolkata', '2026-03-29', '2026-03-29T00:00:00+05:30'],
  ])('begins at midnight: %s %s', (name, date, start) => {
    expect(startOf(name, date)).toBe(start);
  });

  it.each([
    ['Africa/Cairo', '2024-04-26', '2024-04-26T01:00:00+03:00'],
    ['Asia/Beirut', '2024-03-31', '2024-03-31T01:00:00+03:00'],
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T01:00:00-02:00'],
  ])('begins after the gap where its midnight is skipped: %s %s', (name, date, start) => {
    expect(startOf(name, date)).toBe(start);
  });

  it('begins with the first of two midnights', () => {
    expect(startOf('America/Havana', '2024-11-03')).toBe('2024-11-03T00:00:00-04:00');
    expect(startOf('America/Havana', '2024-11-04')).toBe('2024-11-04T00:00:00-05:00');
  });

  it('that a zone skips begins with the next one', () => {
    expect(startOf('Pacific/Apia', '2011-12-30')).toBe('2011-12-31T00:00:00+14:00');
    expect(startOf('Pacific/Apia', '2011-12-31')).toBe('2011-12-31T00:00:00+14:00');
  });

  it('is the one that its first moment is in, and the moment before is not', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    // Since 2012 no zone has skipped a day, or put its clocks back over a midnight that it had shown.
    const days = fc.integer({
      min: Date.UTC(2012, 0) / msPerDay,
      max: Date.UTC(2100, 0) / msPerDay,
    });
    fc.assert(
      fc.property(zones, days, (name, day) => {
        const zone = zoneOf(name);
        const start = startOfLocalDay(zone, day);
        expect(toLocalDay(zone, start)).toBe(day);
        expect(toLocalDay(zone, start - 1)).toBe(day - 1);
      }),
      { numRuns: 500 },
    );
  });
});
