import { z } from 'zod';
import { clickDimensions, msPerHour } from '../domain/click.ts';
import { clickIntervals } from '../domain/click-interval.ts';
import type { ClickRange } from '../domain/click-range.ts';
import type { LinkCounts, Orphans } from '../domain/click-reader.ts';
import {
  type BotChoice,
  botChoices,
  type ClickReport,
  type ReportCounts,
  toReportCounts,
} from '../domain/click-report.ts';
import type { Link } from '../domain/link.ts';
import { toShortUrl } from '../domain/short-url.ts';
import { toZonedTime } from '../domain/time-zone.ts';
import { clickTotalsSchema, toClickTotalsJson, visitorsDescription } from './click-totals.ts';
import { toIsoTime } from './link-json.ts';

const counts = {
  clicks: z.int().min(0).meta({ description: 'Of people, bots or both, as "bots" says.' }),
  visitorsEstimate: z
    .int()
    .min(0)
    .nullable()
    .meta({ description: `${visitorsDescription} null where only bots are counted.` }),
};
const countsSchema = z.object(counts).meta({ id: 'ClickCounts' });

const clickedLink = {
  id: z.string(),
  slug: z.string().nullable().meta({ description: 'null when the link is deleted.' }),
  shortUrl: z.url().nullable(),
};
const clickedLinkSchema = z.object(clickedLink).meta({ id: 'ClickedLink' });

const reportShape = {
  from: z.iso
    .datetime({ offset: true })
    .meta({ description: 'The range, rounded to what is kept.' }),
  to: z.iso.datetime({ offset: true }).meta({ description: 'Not in the range any more.' }),
  timeZone: z.string(),
  interval: z.enum(clickIntervals),
  bots: z.enum(botChoices),
  resolution: z.enum(['hour', 'day']).meta({
    description:
      '"day" when the range begins before "hourlyFrom": days of UTC then stand for those of the time zone.',
  }),
  hourlyFrom: z.iso.datetime().nullable().meta({
    description:
      'Earlier clicks are kept by the day of UTC, later ones by the hour; null when all are.',
  }),
  totals: countsSchema.meta({ description: 'Of the range: the sum of the series.' }),
  series: z.array(z.object({ start: z.iso.datetime({ offset: true }), ...counts })).meta({
    description:
      'Every hour, day or month of the range, those without clicks too. "start" is when it begins in the time zone; the range can cut the first and the last.',
  }),
  by: z.enum(clickDimensions).optional(),
  values: z
    .array(z.object({ value: z.string().nullable(), ...counts }))
    .optional()
    .meta({
      description:
        'Of "by", the most clicks first. null is what is not known; of referrers, clicks without one. "(other)" are rare ones that were not told apart.',
    }),
  hasMoreValues: z.boolean().optional(),
  allTime: clickTotalsSchema.meta({
    description: 'Since the beginning, whatever range and bots were asked for.',
  }),
};

/** The clicks of one link. */
export const linkReportSchema = z
  .object({ link: clickedLinkSchema, ...reportShape })
  .meta({ id: 'LinkClicks' });

/** The clicks of all links. */
export const allReportSchema = z
  .object({
    ...reportShape,
    links: z
      .array(z.object({ ...clickedLink, ...counts }))
      .meta({ description: 'Those with the most clicks in the range.' }),
    hasMoreLinks: z.boolean(),
    orphans: z
      .object({
        hits: z.int().min(0),
        slugs: z.array(
          z.object({
            slug: z.string(),
            hits: z
              .int()
              .min(1)
              .meta({ description: 'Those that were looked at: a few of a busy moment.' }),
            lastHour: z.iso.datetime().meta({ description: 'The hour of the last of them.' }),
          }),
        ),
      })
      .meta({
        description: 'Hits in the range on slugs that no link has, and some of those slugs.',
      }),
  })
  .meta({ id: 'AllClicks' });

/** A link by its id, with what is left of it. */
export function toClickedLinkJson(
  id: number,
  link: Link | undefined,
  baseUrl: string,
): z.output<typeof clickedLinkSchema> {
  return {
    id: String(id),
    slug: link?.slug ?? null,
    shortUrl: link === undefined ? null : toShortUrl(baseUrl, link.slug),
  };
}

export function toReportJson(
  { totals, series, values, allTime }: ClickReport,
  { fromHour, toHour, zone, interval, keptFrom }: ClickRange,
  bots: BotChoice,
): Omit<z.output<typeof linkReportSchema>, 'link'> {
  return {
    from: toZonedTime(zone, fromHour * msPerHour),
    to: toZonedTime(zone, toHour * msPerHour),
    timeZone: zone.name,
    interval,
    bots,
    resolution: fromHour < keptFrom ? 'day' : 'hour',
    hourlyFrom: keptFrom === 0 ? null : toIsoTime(keptFrom * msPerHour),
    totals: toCountsJson(totals),
    series: series.map(({ ms, clicks, visitors }) => ({
      start: toZonedTime(zone, ms),
      clicks,
      visitorsEstimate: visitors,
    })),
    ...(values === undefined
      ? {}
      : {
          by: values.by,
          values: values.items.map(({ value, ...each }) => ({ value, ...toCountsJson(each) })),
          hasMoreValues: values.hasMore,
        }),
    allTime: toClickTotalsJson(allTime),
  };
}

/** The part about links and orphans of the report of all links. */
export function toAllLinksJson(
  {
    top,
    known,
    orphans,
  }: {
    readonly top: readonly LinkCounts[];
    readonly known: ReadonlyMap<number, Link>;
    readonly orphans: Orphans;
  },
  {
    bots,
    limit,
    baseUrl,
  }: {
    readonly bots: BotChoice;
    readonly limit: number;
    readonly baseUrl: string;
  },
): Pick<z.output<typeof allReportSchema>, 'links' | 'hasMoreLinks' | 'orphans'> {
  return {
    links: top.slice(0, limit).map(({ linkId, ...each }) => ({
      ...toClickedLinkJson(linkId, known.get(linkId), baseUrl),
      ...toCountsJson(toReportCounts(each, bots)),
    })),
    hasMoreLinks: top.length > limit,
    orphans: {
      hits: orphans.hits,
      slugs: orphans.slugs.map(({ slug, hits, lastHour }) => ({
        slug,
        hits,
        lastHour: toIsoTime(lastHour * msPerHour),
      })),
    },
  };
}

function toCountsJson({ clicks, visitors }: ReportCounts): z.output<typeof countsSchema> {
  return { clicks, visitorsEstimate: visitors };
}
