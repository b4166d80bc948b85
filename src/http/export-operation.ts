import { z } from 'zod';
import { defaultDomainId } from '../domain/domain-name.ts';
import type { Link } from '../domain/link.ts';
import type { LinkReader } from '../domain/link-store.ts';
import { linesMediaType } from './bulk-body.ts';
import { type ReadTotals, toClickTotalsJson } from './click-totals.ts';
import type { NameShown } from './honour-bookmark.ts';
import { linkSchema, toIsoTime, toLinkFields } from './link-json.ts';
import { defineOperation, type Operation } from './operation.ts';
import { untilDrained } from './until-drained.ts';

/** A line of an export: a link without what only this moment and this service know of it. */
const exportedLinkSchema = linkSchema
  .omit({ state: true, version: true })
  .extend({
    clicks: linkSchema.shape.clicks.optional().meta({ description: 'Where they were asked for.' }),
  })
  .meta({ id: 'ExportedLink' });

type ExportedLink = z.output<typeof exportedLinkSchema>;

const exportQuery = z.strictObject({
  after: z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/, 'Must be the id of a link.')
    .transform(Number)
    .default(0)
    .meta({
      description:
        'Goes on behind the link with this id, such as the last of an export that broke off.',
      override: { type: 'string', pattern: '^(0|[1-9][0-9]{0,15})$' },
    }),
  clicks: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Whether each link has its counts.' }),
});

/** `GET /api/v1/export`: all links, one a line, however many there are. */
export function createExportOperation(deps: {
  readonly baseUrl: string;
  readonly links: Pick<LinkReader, 'exportLinks'>;
  readonly readTotals: ReadTotals;
  readonly nameShown: NameShown;
}): Operation {
  const { baseUrl, links, readTotals, nameShown } = deps;
  return defineOperation({
    id: 'exportLinks',
    method: 'get',
    path: '/api/v1/export',
    tag: 'Links',
    summary: 'Export all links',
    description:
      'One link a line, by id. A link that is there all the time comes exactly once. An answer that breaks off is not whole: go on with "after".',
    access: 'user',
    writes: false,
    honoursBookmarks: true,
    params: { query: exportQuery },
    responses: {
      200: {
        description: 'The links, one JSON object a line.',
        content: { [linesMediaType]: { schema: exportedLinkSchema } },
      },
    },
    async handle({ query: { after, clicks }, response }) {
      await nameShown(response);
      response.setHeader('Content-Type', linesMediaType);
      for await (const some of links.exportLinks(defaultDomainId, after)) {
        const totalsOf = clicks === 'true' ? await readTotals(some.map(({ id }) => id)) : undefined;
        let lines = '';
        for (const link of some) {
          const totals = totalsOf?.(link.id);
          const counted =
            totals === undefined
              ? {}
              : { clicks: totals === null ? null : toClickTotalsJson(totals) };
          lines += `${JSON.stringify({ ...toExportedLink(link, baseUrl), ...counted })}\n`;
        }
        if (lines !== '' && !response.write(lines)) await untilDrained(response);
        if (response.destroyed) return;
      }
      response.end();
    },
  });
}

function toExportedLink(link: Link, baseUrl: string): ExportedLink {
  return {
    ...toLinkFields(link, baseUrl),
    createdAt: toIsoTime(link.createdAt),
    updatedAt: toIsoTime(link.updatedAt),
  };
}
