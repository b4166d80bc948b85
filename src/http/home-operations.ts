import { z } from 'zod';
import type { ClickTotals } from '../domain/click-reader.ts';
import { defaultDomainId, type SlugCase } from '../domain/domain-name.ts';
import { Failure } from '../domain/failure.ts';
import type { FindLink } from '../domain/find-link.ts';
import type { Link } from '../domain/link.ts';
import type { LinkReader } from '../domain/link-store.ts';
import { toShortUrl } from '../domain/short-url.ts';
import { findSlugKey } from '../domain/slug.ts';
import { formMediaType } from './body.ts';
import type { ReadTotals } from './click-totals.ts';
import { createLink } from './create-link.ts';
import type { SendHome } from './home-page.ts';
import type { NameShown } from './honour-bookmark.ts';
import { idempotencyHeaders } from './idempotency-key.ts';
import { parseCursor, toCursor } from './link-cursor.ts';
import { chooseLineForm, toLineFailure } from './one-line.ts';
import { defineOperation, type Operation } from './operation.ts';
import { seeOther, wantsPage } from './page-answers.ts';
import { parseInput } from './parse-input.ts';
import { factsOf } from './request-facts.ts';
import { sendInPieces } from './send-in-pieces.ts';
import type { Write } from './write.ts';

const pageLimit = 1_000;
const newest = { sort: '-createdAt', search: undefined } as const;

const cursor = z
  .string()
  .optional()
  .meta({ description: 'From the Link header of the page before.' });
const listQuery = z.strictObject({ cursor });
/** Browsers come with parameters that others hung onto a URL, so only data is strict about them. */
const homeQuery = z.looseObject({
  cursor,
  created: z
    .string()
    .optional()
    .meta({ description: 'The slug that the page shows as just made.' }),
});

const lineFields = z.strictObject({
  url: z
    .string()
    .optional()
    .meta({ description: 'The destination.', example: 'https://example.com/' }),
  slug: z.string().optional().meta({ description: 'Generated when left out or empty.' }),
});

const listedLink = z
  .object({
    short_code: z.string(),
    full_url: z.string(),
    clicks: z.int().min(0).nullable().meta({
      description: 'Of people and robots together; null while they cannot be told.',
    }),
  })
  .meta({ id: 'ListedLink' });

const shortUrl = {
  'text/plain': { schema: z.string().meta({ example: 'https://go.example.com/spring' }) },
  'application/json': { schema: z.string() },
};
const page = { 'text/html': { schema: z.string() } };

/** What is at `/`: the page for people, and the one-line clients. */
export function createHomeOperations(deps: {
  readonly baseUrl: string;
  readonly slugCase: SlugCase;
  readonly links: Pick<LinkReader, 'listLinks'>;
  readonly findLink: FindLink;
  readonly readTotals: ReadTotals;
  readonly write: Write;
  readonly nameShown: NameShown;
  readonly sendHome: SendHome;
}): readonly Operation[] {
  const { baseUrl, slugCase, links, findLink, readTotals, write, nameShown, sendHome } = deps;

  return [
    defineOperation({
      id: 'getHome',
      method: 'get',
      path: '/',
      tag: 'One line',
      summary: 'The newest 1,000 links; the page for people in a browser',
      access: 'user',
      writes: false,
      honoursBookmarks: true,
      params: { query: homeQuery },
      responses: {
        200: {
          description: 'Links, newest first.',
          headers: z.object({
            Link: z
              .string()
              .optional()
              .meta({ description: 'The next page, rel="next" (RFC 8288).' }),
          }),
          content: { 'application/json': { schema: z.array(listedLink) }, ...page },
        },
      },
      async handle({ query, caller, request, response }) {
        response.vary('Accept');
        if (wantsPage(request)) {
          await sendHome(response, 200, caller, {
            created: await findCreated(query.created),
            isStale: factsOf(request).isStale,
          });
          return;
        }
        const { cursor: from } = parseInput(listQuery, query, 'name');
        const { links: found, next } = await links.listLinks({
          domainId: defaultDomainId,
          ...newest,
          limit: pageLimit,
          after: from === undefined ? undefined : parseCursor(from, newest),
        });
        if (next !== undefined) {
          response.setHeader('Link', `<${baseUrl}/?cursor=${toCursor(newest, next)}>; rel="next"`);
        }
        const totalsOf = await readTotals(found.map(({ id }) => id));
        await nameShown(response);
        await sendInPieces(response, found, (link) => toListed(link, totalsOf(link.id)));
      },
    }),

    defineOperation({
      id: 'createLinkInOneLine',
      method: 'post',
      path: '/',
      tag: 'One line',
      summary: 'Shorten a URL: curl -X POST "https://go.example.com/?url=https://example.com/"',
      description:
        'The fields stand in the query, or in a form, not in both. A browser gets the page again, with what was wrong.',
      access: 'user',
      writes: true,
      commits: true,
      params: { query: lineFields, headers: idempotencyHeaders },
      body: { mediaTypes: [formMediaType], schema: lineFields, optional: true },
      responses: {
        201: {
          description: 'The short URL, as text; as a JSON string when JSON is asked for.',
          headers: z.object({ Location: z.url() }),
          content: shortUrl,
        },
        200: {
          description: 'The short URL that an earlier request with this Idempotency-Key made.',
          headers: z.object({ Location: z.url() }),
          content: shortUrl,
        },
        303: {
          description: 'For a browser: to the page that shows the new link.',
          headers: z.object({ Location: z.string() }),
        },
      },
      failures: ['invalid_url', 'conflict', 'idempotency_mismatch'],
      async handle({ query, body, headers, ...exchange }) {
        const { caller, request, response } = exchange;
        const fields = body === undefined ? query : joinFields(query, body);
        response.vary('Accept');
        const form = chooseLineForm(request);
        try {
          const { value } = await createLink(write, exchange, {
            link: { destination: getUrl(fields), slug: fields.slug || undefined },
            idempotencyKey: headers['Idempotency-Key'],
          });
          const { link, repeated } = value;
          if (form === 'html') {
            seeOther(response, `/?created=${link.slug}`);
            return;
          }
          const url = toShortUrl(baseUrl, link.slug);
          response.status(repeated ? 200 : 201).setHeader('Location', url);
          if (form === 'json') response.json(url);
          else response.type('text/plain').send(url);
        } catch (error) {
          const failure = toLineFailure(error);
          if (form !== 'html' || failure === undefined) throw failure ?? error;
          await sendHome(response, 422, caller, {
            failure: {
              detail: failure.message,
              destination: fields.url ?? '',
              slug: fields.slug ?? '',
            },
          });
        }
      },
    }),
  ];

  async function findCreated(slug: string | undefined): Promise<Link | undefined> {
    const slugKey = slug === undefined ? undefined : findSlugKey(slug, slugCase);
    return slugKey === undefined ? undefined : findLink({ domainId: defaultDomainId, slugKey });
  }
}

type LineFields = z.output<typeof lineFields>;

function joinFields(query: LineFields, form: LineFields): LineFields {
  const repeated = Object.keys(form).filter((name) => name in query);
  if (repeated.length > 0) {
    const detail = 'Stands in the query and in the form.';
    throw new Failure('invalid', 'A field is given more than once.', {
      errors: repeated.map((pointer) => ({ pointer, detail })),
    });
  }
  return { ...query, ...form };
}

/** The URL to shorten as the client wrote it. Throws `invalid_url` when there is none. */
function getUrl({ url }: LineFields): string {
  if (url !== undefined && url !== '') return url;
  const detail = 'There is no URL to shorten: send "url".';
  throw new Failure('invalid_url', detail, { errors: [{ pointer: 'url', detail }] });
}

function toListed(link: Link, totals: ClickTotals | null): z.output<typeof listedLink> {
  return {
    short_code: link.slug,
    full_url: link.destination,
    clicks: totals === null ? null : totals.clicks + totals.bots,
  };
}
