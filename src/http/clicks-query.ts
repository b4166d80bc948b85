import { z } from 'zod';
import { clickDimensions, msPerDay } from '../domain/click.ts';
import { clickIntervals } from '../domain/click-interval.ts';
import { defaultRangeDays, maxIntervals, type RangeEnd } from '../domain/click-range.ts';
import { botChoices } from '../domain/click-report.ts';
import { findTimeZone } from '../domain/time-zone.ts';
import { limitParameter } from './limit-parameter.ts';

const isDate = z.iso.date();
const isTime = z.iso.datetime({ offset: true });

const rangeEnd = z.string().transform((text, context): RangeEnd => {
  if (isDate.safeParse(text).success) return { day: Date.parse(text) / msPerDay };
  // A plus sign that was not percent-encoded arrives as a space.
  const time = text.replace(/ (?=\d\d:\d\d$)/, '+');
  if (isTime.safeParse(time).success) return { ms: Date.parse(time) };
  const message = 'Must be a date, such as 2030-01-31, or a time with an offset.';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const timeZone = z.string().transform((name, context) => {
  const zone = findTimeZone(name);
  if (zone !== undefined) return zone;
  const message =
    'Must be the name of a zone in the IANA database, such as Europe/Amsterdam or UTC.';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** The parameters of every report. */
const reportParameters = {
  from: rangeEnd.optional().meta({
    description: `Where the range begins: a date, which is its first moment in the time zone, or an RFC 3339 time. When left out, the first of the last ${defaultRangeDays} days, the last of the range with them.`,
    example: '2030-01-01',
  }),
  to: rangeEnd.optional().meta({
    description:
      'Where the range ends: a date, with all of that day, or an RFC 3339 time. Now when left out.',
    example: '2030-01-31',
  }),
  interval: z
    .enum(clickIntervals)
    .optional()
    .meta({
      description: `How long a point of the series is; at most ${maxIntervals} points. When left out, hours for up to three days, days for up to a year, else months.`,
    }),
  timeZone: timeZone.prefault('UTC').meta({
    description: 'The IANA name of the zone whose days and months are meant.',
    example: 'Europe/Amsterdam',
  }),
  by: z.enum(clickDimensions).optional().meta({ description: 'Also counts the values of this.' }),
  bots: z.enum(botChoices).default('exclude').meta({
    description: 'Whether those who say that they are bots are in "clicks".',
  }),
  limit: limitParameter({ max: 500, fallback: 50, description: 'So many values, or links.' }),
};

export const linkReportQuery = z.strictObject(reportParameters);

export const allReportQuery = z.strictObject({
  ...reportParameters,
  link: z
    .string()
    .refine((text) => /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)), {
      error: 'Must be the id of a link.',
    })
    .transform(Number)
    .optional()
    .meta({
      description: 'The id of one link, which may be deleted, instead of all links.',
      override: { type: 'string' },
    }),
});

/** What every report is asked for, parsed. */
export type ReportInput = z.output<typeof linkReportQuery>;
