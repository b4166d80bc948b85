import type { Request, Response } from 'express';
import { z } from 'zod';
import { allLinksId } from '../domain/click.ts';
import { type ClickRange, resolveClickRange } from '../domain/click-range.ts';
import type { ClickReader } from '../domain/click-reader.ts';
import { readClickReport, toClickOrder } from '../domain/click-report.ts';
import type { Clock } from '../domain/clock.ts';
import type { CatchUp } from '../domain/cluster.ts';
import { defaultDomainId, type SlugCase } from '../domain/domain-name.ts';
import { cannotCatchUp, type FindLink } from '../domain/find-link.ts';
import type { Link } from '../domain/link.ts';
import type { LinkReader } from '../domain/link-store.ts';
import { chooseReportForm, csvMediaType, sendCsv } from './clicks-csv.ts';
import {
  allReportSchema,
  linkReportSchema,
  toAllLinksJson,
  toClickedLinkJson,
  toReportJson,
} from './clicks-json.ts';
import { allReportQuery, linkReportQuery, type ReportInput } from './clicks-query.ts';
import { noSuchLink, toLinkRef } from './link-ref.ts';
import { defineOperation, type Operation } from './operation.ts';

const frame = {
  method: 'get',
  tag: 'Clicks',
  access: 'user',
  writes: false,
  failures: ['not_found', 'not_acceptable'],
} as const;

const description =
  'Bots are left out unless "bots" says otherwise; HEAD and prefetches are no clicks. As text/csv it is one table: the values when "by" is given, else the series.';

/** Reading how often links were clicked. The right to list links is enough. */
export function createClicksOperations(deps: {
  readonly baseUrl: string;
  readonly slugCase: SlugCase;
  readonly clicks: ClickReader;
  readonly links: Pick<LinkReader, 'findLinksById'>;
  readonly findLink: FindLink;
  readonly catchUp: CatchUp;
  readonly clock: Pick<Clock, 'now'>;
}): readonly Operation[] {
  const { baseUrl, slugCase, clicks, links, findLink, catchUp, clock } = deps;

  return [
    defineOperation({
      ...frame,
      id: 'getLinkClicks',
      path: '/api/v1/links/{slug}/clicks',
      summary: 'How often a link was clicked',
      description,
      params: { path: z.object({ slug: z.string() }), query: linkReportQuery },
      responses: toResponses(linkReportSchema),
      async handle({ path, query, request, response }) {
        const range = await toRange(query);
        const link = await findLink(toLinkRef(path.slug, slugCase));
        if (link === undefined) throw noSuchLink();
        await sendLinkReport({ id: link.id, link, query, range }, request, response);
      },
    }),

    defineOperation({
      ...frame,
      id: 'getClicks',
      path: '/api/v1/clicks',
      summary: 'How often all links were clicked, and which the most',
      description: `${description} "link" asks for one link by its id, also after it was deleted.`,
      params: { query: allReportQuery },
      responses: toResponses(z.union([allReportSchema, linkReportSchema])),
      async handle({ query, request, response }) {
        const range = await toRange(query);
        if (query.link === undefined) {
          await sendAllReport(query, range, request, response);
        } else {
          const link = await findClickedLink(query.link);
          await sendLinkReport({ id: query.link, link, query, range }, request, response);
        }
      },
    }),
  ];

  /** Throws `invalid` with the names of parameters. */
  async function toRange({ timeZone: zone, ...query }: ReportInput): Promise<ClickRange> {
    const keptFrom = await clicks.findKeptFrom();
    return resolveClickRange({ ...query, zone }, { now: clock.now(), keptFrom });
  }

  async function sendLinkReport(
    asked: {
      readonly id: number;
      /** `undefined` when it was deleted. */
      readonly link: Link | undefined;
      readonly query: ReportInput;
      readonly range: ClickRange;
    },
    request: Request,
    response: Response,
  ): Promise<void> {
    const { id, link, query, range } = asked;
    const form = chooseReportForm(request, response);
    const report = await readClickReport(clicks, { ...query, linkId: id, range });
    if (form === 'csv') {
      await sendCsv(response, report, range, link?.slug ?? `link-${id}`);
      return;
    }
    response.json({
      link: toClickedLinkJson(id, link, baseUrl),
      ...toReportJson(report, range, query.bots),
    });
  }

  async function sendAllReport(
    query: ReportInput,
    range: ClickRange,
    request: Request,
    response: Response,
  ): Promise<void> {
    const { bots, limit } = query;
    const form = chooseReportForm(request, response);
    const report = await readClickReport(clicks, { ...query, linkId: allLinksId, range });
    if (form === 'csv') {
      await sendCsv(response, report, range, 'all-links');
      return;
    }
    // One more than asked for tells whether there are more.
    const top = await clicks.listTopLinks(range, toClickOrder(bots), limit + 1);
    const known = await links.findLinksById(top.map(({ linkId }) => linkId));
    const orphans = await clicks.findOrphans(defaultDomainId, range);
    response.json({
      ...toReportJson(report, range, bots),
      ...toAllLinksJson({ top, known, orphans }, { bots, limit, baseUrl }),
    });
  }

  /**
   * The link with an id; `undefined` when there were clicks of one, but it is gone. Throws `not_found`, and
   * `unavailable` when this node cannot tell because its copy may be too old.
   */
  async function findClickedLink(id: number): Promise<Link | undefined> {
    const find = async () => (await links.findLinksById([id])).get(id);
    const known = await find();
    if (known !== undefined || (await clicks.findTotals([id])).has(id)) return known;
    if (!(await catchUp.catchUp())) throw cannotCatchUp(catchUp);
    const caughtUp = await find();
    if (caughtUp === undefined) throw noSuchLink();
    return caughtUp;
  }
}

function toResponses(schema: z.ZodType) {
  const fileName = z.string().optional().meta({ description: 'Names a table (RFC 6266).' });
  return {
    200: {
      description: 'What this node knows of the clicks.',
      headers: z.object({ 'Content-Disposition': fileName }),
      content: {
        'application/json': { schema },
        [csvMediaType]: { schema: z.string() },
      },
    },
  };
}
