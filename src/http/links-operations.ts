import type { Response } from 'express';
import { z } from 'zod';
import type { ClickTotals } from '../domain/click-reader.ts';
import { noClicks } from '../domain/click-report.ts';
import type { Clock } from '../domain/clock.ts';
import { defaultDomainId, type SlugCase } from '../domain/domain-name.ts';
import { Failure } from '../domain/failure.ts';
import type { FindLink } from '../domain/find-link.ts';
import type { Link } from '../domain/link.ts';
import { type LinkReader, linkSorts } from '../domain/link-store.ts';
import type { Written } from '../domain/writer.ts';
import type { Caller } from './caller.ts';
import type { ReadTotals } from './click-totals.ts';
import { createLink } from './create-link.ts';
import { hasVersion, parseIfMatch } from './entity-tags.ts';
import type { NameShown } from './honour-bookmark.ts';
import { idempotencyHeaders } from './idempotency-key.ts';
import { limitParameter } from './limit-parameter.ts';
import { parseCursor, toCursor } from './link-cursor.ts';
import {
  type LinkJson,
  linkChangesSchema,
  linkSchema,
  newLinkSchema,
  toLinkJson,
  writtenLinkSchema,
} from './link-json.ts';
import { noSuchLink, toLinkRef } from './link-ref.ts';
import { toLinkTag, toVersionTag } from './link-tag.ts';
import { defineOperation, type Operation } from './operation.ts';
import type { Write } from './write.ts';

const tag = 'Links';
const collection = '/api/v1/links';
const item = `${collection}/{slug}`;

const slugPath = z.object({ slug: z.string() });
const etag = {
  ETag: z.string().meta({
    description: 'Of the link as it is shown, for If-None-Match; its version, for If-Match.',
  }),
};
const linkContent = { 'application/json': { schema: linkSchema } };
const writtenContent = { 'application/json': { schema: writtenLinkSchema } };
const ifMatch = z.object({
  'If-Match': z.string().optional().meta({
    description: 'Only when the link is still one of these versions: entity tags, or "*".',
  }),
});

const listQuery = z.strictObject({
  limit: limitParameter({ max: 200, fallback: 50, description: 'Links per page.' }),
  sort: z.enum(linkSorts).default('-createdAt').meta({ description: '"-" is descending.' }),
  search: z
    .string()
    .min(1)
    .max(200)
    .regex(/^\P{Cc}*$/u, 'Must have no control characters.')
    .optional()
    .meta({ description: 'Part of a slug, destination or title, in any case.' }),
  cursor: z.string().optional().meta({ description: 'From the page before; goes on behind it.' }),
});

const linkList = z
  .object({
    links: z.array(linkSchema),
    nextCursor: z.string().nullable().meta({ description: 'null on the last page.' }),
  })
  .meta({ id: 'LinkList' });

/** What the API can do with links. */
export function createLinksOperations(deps: {
  readonly baseUrl: string;
  readonly slugCase: SlugCase;
  readonly mayTakeDown: (caller: Caller) => boolean;
  readonly links: LinkReader;
  readonly findLink: FindLink;
  readonly readTotals: ReadTotals;
  readonly write: Write;
  readonly nameShown: NameShown;
  readonly clock: Pick<Clock, 'now'>;
}): readonly Operation[] {
  const { baseUrl, slugCase, links, findLink, readTotals, write, nameShown, clock } = deps;
  const { mayTakeDown } = deps;
  const show = (link: Link, totals: ClickTotals | null) =>
    toLinkJson(link, totals, { baseUrl, now: clock.now() });
  const readAndShow = async (link: Link) => show(link, (await readTotals([link.id]))(link.id));

  return [
    defineOperation({
      id: 'listLinks',
      method: 'get',
      path: collection,
      tag,
      summary: 'List links, page by page',
      access: 'user',
      writes: false,
      honoursBookmarks: true,
      params: { query: listQuery },
      responses: {
        200: {
          description: 'A page of links.',
          headers: z.object({
            Link: z
              .string()
              .optional()
              .meta({ description: 'The next page, rel="next" (RFC 8288).' }),
          }),
          content: { 'application/json': { schema: linkList } },
        },
      },
      async handle({ query: { limit, sort, search, cursor }, response }) {
        const list = { sort, search };
        const page = await links.listLinks({
          domainId: defaultDomainId,
          ...list,
          limit,
          after: cursor === undefined ? undefined : parseCursor(cursor, list),
        });
        const nextCursor = page.next === undefined ? null : toCursor(list, page.next);
        if (nextCursor !== null) {
          const query = new URLSearchParams({ limit: String(limit), sort, cursor: nextCursor });
          if (search !== undefined) query.set('search', search);
          response.setHeader('Link', `<${baseUrl}${collection}?${query}>; rel="next"`);
        }
        const totalsOf = await readTotals(page.links.map(({ id }) => id));
        await nameShown(response);
        response.json({
          links: page.links.map((link) => show(link, totalsOf(link.id))),
          nextCursor,
        });
      },
    }),

    defineOperation({
      id: 'createLink',
      method: 'post',
      path: collection,
      tag,
      summary: 'Create a link',
      access: 'user',
      writes: true,
      commits: true,
      params: { query: z.strictObject({}), headers: idempotencyHeaders },
      body: { mediaTypes: ['application/json'], schema: newLinkSchema },
      responses: {
        201: {
          description: 'The link was made, and works everywhere.',
          headers: z.object({ ...etag, Location: z.url() }),
          content: writtenContent,
        },
        200: {
          description: 'An earlier request with this Idempotency-Key made this link.',
          headers: z.object({ ...etag, Location: z.url() }),
          content: writtenContent,
        },
      },
      failures: ['conflict', 'idempotency_mismatch'],
      async handle({ body, headers, ...exchange }) {
        const written = await createLink(write, exchange, {
          link: body,
          idempotencyKey: headers['Idempotency-Key'],
        });
        const { link, repeated } = written.value;
        const { response } = exchange;
        response.status(repeated ? 200 : 201);
        response.setHeader('Location', `${baseUrl}${collection}/${link.slug}`);
        const shown = repeated ? await readAndShow(link) : show(link, noClicks);
        sendWritten(link, shown, written, response);
      },
    }),

    defineOperation({
      id: 'getLink',
      method: 'get',
      path: item,
      tag,
      summary: 'Read a link',
      access: 'user',
      writes: false,
      honoursBookmarks: true,
      params: {
        path: slugPath,
        query: z.strictObject({}),
        headers: z.object({
          'If-None-Match': z
            .string()
            .optional()
            .meta({ description: 'Versions that the client has: 304 when nothing changed.' }),
        }),
      },
      responses: {
        200: { description: 'The link.', headers: z.object(etag), content: linkContent },
        304: { description: 'The client has this version.', headers: z.object(etag) },
      },
      failures: ['not_found'],
      async handle({ path, headers, response }) {
        const link = await findLink(toLinkRef(path.slug, slugCase));
        if (link === undefined) throw noSuchLink();
        response.setHeader('Cache-Control', 'private, no-cache');
        const shown = await readAndShow(link);
        await nameShown(response);
        const tag = toLinkTag(link, shown);
        if (hasVersion(headers['If-None-Match'], tag)) {
          response.setHeader('ETag', `"${tag}"`);
          response.status(304).end();
          return;
        }
        sendLink(link, shown, response);
      },
    }),

    defineOperation({
      id: 'updateLink',
      method: 'patch',
      path: item,
      tag,
      summary: 'Change a link',
      description:
        'A JSON merge patch (RFC 7396): what is left out stays, null clears. The slug of a link never changes.',
      access: 'user',
      writes: true,
      commits: true,
      params: { path: slugPath, query: z.strictObject({}), headers: ifMatch },
      body: {
        mediaTypes: ['application/merge-patch+json', 'application/json'],
        schema: linkChangesSchema,
      },
      responses: {
        200: {
          description: 'The link as it is now.',
          headers: z.object(etag),
          content: writtenContent,
        },
      },
      failures: ['not_found', 'precondition_failed'],
      async handle({ path, body, headers, ...exchange }) {
        const { caller, response } = exchange;
        if (body.blocked !== undefined && !mayTakeDown(caller)) throw blockedIsForAdmins();
        const written = await write(exchange, 'updateLink', {
          ...toLinkRef(path.slug, slugCase),
          changes: body,
          ifMatch: parseIfMatch(headers['If-Match'])?.map(toVersionTag),
        });
        const link = written.value;
        sendWritten(link, await readAndShow(link), written, response);
      },
    }),

    defineOperation({
      id: 'deleteLink',
      method: 'delete',
      path: item,
      tag,
      summary: 'Delete a link',
      access: 'user',
      writes: true,
      commits: true,
      params: { path: slugPath, query: z.strictObject({}), headers: ifMatch },
      responses: { 204: { description: 'The link is gone; its slug is free again.' } },
      failures: ['not_found', 'precondition_failed'],
      async handle({ path, headers, ...exchange }) {
        await write(exchange, 'deleteLink', {
          ...toLinkRef(path.slug, slugCase),
          ifMatch: parseIfMatch(headers['If-Match'])?.map(toVersionTag),
          keepsBlocked: !mayTakeDown(exchange.caller),
        });
        exchange.response.status(204).end();
      },
    }),
  ];

  function sendLink(link: Link, shown: LinkJson, response: Response): void {
    response.setHeader('ETag', `"${toLinkTag(link, shown)}"`);
    response.json(shown);
  }

  /** The tag is that of the link as a read shows it, where nothing is said of this write. */
  function sendWritten(
    link: Link,
    shown: LinkJson,
    { durability }: Pick<Written<Link>, 'durability'>,
    response: Response,
  ): void {
    response.setHeader('ETag', `"${toLinkTag(link, shown)}"`);
    const replicated = durability === 'replicated';
    response.json({ ...shown, replicated } satisfies z.output<typeof writtenLinkSchema>);
  }
}

function blockedIsForAdmins(): Failure {
  const detail = 'Only the admin key may take a link down or bring it back.';
  return new Failure('forbidden', detail, { errors: [{ pointer: '/blocked', detail }] });
}
