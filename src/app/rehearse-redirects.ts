import { randomBytes } from 'node:crypto';
import { request as sendRequest } from 'node:http';
import { type DestinationPolicy, isAllowedDestination } from '../domain/destination.ts';
import { defaultDomainId } from '../domain/domain-name.ts';
import { type Link, linkState } from '../domain/link.ts';
import type { LinkReader, LinkSort } from '../domain/link-store.ts';
import { createRenderProblem } from '../http/render-problem.ts';
import { listen } from '../listen.ts';
import { createBoundedServer } from '../redirect/bounded-server.ts';
import { createRedirects } from '../redirect/redirects.ts';
import { openReader } from '../storage/reader.ts';
import { sampleLinkIds } from '../storage/sample-links.ts';
import { readAssetVersion } from '../web/assets.ts';
import { createPages } from '../web/pages.ts';

/** How a rehearsal went. */
export interface Rehearsal {
  /** How many links were followed. */
  readonly followed: number;
  /** Each link that was not answered as its row says, in words; empty when all is well. */
  readonly faults: readonly string[];
}

/** What an answer to a hit is, as far as a link says it. */
interface Answer {
  readonly status: number | undefined;
  readonly location: string | undefined;
}

const linksPerEnd = 50;
const randomLinks = 100;
const mostFaults = 10;
const readTimeoutMs = 10_000;
const cacheMaxBytes = 1_000_000;
/** Nothing of a rehearsal leaves this machine. */
const host = '127.0.0.1';

/**
 * Serves redirects from a file of links and follows a sample of them: the oldest, the newest, and some by
 * chance. It is the same code that answers visitors, on a port of its own, and nothing is counted. For a file
 * that nobody writes to. Rejects when the file cannot be read at all.
 */
export async function rehearseRedirects(
  file: string,
  given: { readonly baseUrl: string; readonly destinationPolicy: DestinationPolicy },
): Promise<Rehearsal> {
  await using opened = new AsyncDisposableStack();
  const reader = opened.use(openReader({ file, timeoutMs: readTimeoutMs }));
  // Links change their state with the time, so that of the rehearsal stands still.
  const nowMs = Date.now();
  const random = { bytes: (count: number) => randomBytes(count) };
  const errors: unknown[] = [];
  const redirects = createRedirects({
    store: reader.redirects,
    recorder: { add() {}, addOrphan() {}, append: () => undefined },
    stamp: () => 0,
    catchUp: { catchUp: async () => true },
    clock: { now: () => nowMs, monotonicMs: () => performance.now() },
    destinationPolicy: given.destinationPolicy,
    renderProblem: createRenderProblem({
      baseUrl: given.baseUrl,
      pages: createPages(readAssetVersion()),
      random,
    }),
    cacheMaxBytes,
    observe: () => undefined,
    log: { error: (line: { err: unknown }) => errors.push(line.err) },
  });
  const server = createBoundedServer((request, response) => {
    if (!redirects.handle(request, response)) response.writeHead(418).end();
  });
  const { url } = opened.use(await listen(server, { host, port: 0, variable: 'rehearsal' }));

  const links = await sampleLinks(reader.links, file);
  const faults: string[] = [];
  for (const link of links) {
    const expected = toExpected(link, given.destinationPolicy, nowMs);
    const found = await follow(`${url}/${link.slug}`);
    if (found.status === expected.status && found.location === expected.location) continue;
    faults.push(`/${link.slug} answers ${describe(found)} instead of ${describe(expected)}`);
    if (faults.length === mostFaults) break;
  }
  const [error] = errors;
  if (error !== undefined) faults.push(`links cannot be read: ${error}`);
  return { followed: links.length, faults };
}

async function sampleLinks(reader: LinkReader, file: string): Promise<readonly Link[]> {
  const list = async (sort: LinkSort) =>
    (await reader.listLinks({ domainId: defaultDomainId, sort, limit: linksPerEnd })).links;
  const ends = [...(await list('createdAt')), ...(await list('-createdAt'))];
  const drawn = await reader.findLinksById(sampleLinkIds(file, defaultDomainId, randomLinks));
  return [...new Map([...ends, ...drawn.values()].map((link) => [link.id, link])).values()];
}

/** By the row and the rules of the domain, without the code that is rehearsed. */
function toExpected(link: Link, policy: DestinationPolicy, nowMs: number): Answer {
  const state = linkState(link, nowMs);
  const isRefused = !isAllowedDestination(link.destination, policy);
  if (state === 'blocked') return { status: 451, location: undefined };
  if (state === 'disabled') return { status: 410, location: undefined };
  if (isRefused) return { status: 451, location: undefined };
  if (state === 'expired') return { status: 410, location: undefined };
  if (state === 'pending') return { status: 404, location: undefined };
  return { status: link.redirectCode, location: link.destination };
}

function follow(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(url, { timeout: readTimeoutMs }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, location: response.headers.location });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer to ${url}`)));
    request.on('error', reject);
    request.end();
  });
}

function describe({ status, location }: Answer): string {
  return location === undefined ? `${status}` : `${status} to ${location}`;
}
