import { z } from 'zod';
import type { Clock } from '../domain/clock.ts';
import { type DestinationPolicy, isAllowedDestination } from '../domain/destination.ts';
import { defaultDomainId, type SlugCase } from '../domain/domain-name.ts';
import { Failure } from '../domain/failure.ts';
import type { FindLink } from '../domain/find-link.ts';
import type { LinkState } from '../domain/link.ts';
import type { Pages } from '../domain/pages.ts';
import { findSlugKey } from '../domain/slug.ts';
import type { AccessMode } from './caller.ts';
import type { ReadTotals } from './click-totals.ts';
import { toLinkView } from './link-view.ts';
import { defineOperation, type Operation } from './operation.ts';
import { sendPage } from './page-answers.ts';
import { factsOf } from './request-facts.ts';
import { notFound } from './to-failure.ts';

/** The page that says where a short URL leads, at the short URL with a `+` behind it. */
export function createPreviewOperation(deps: {
  readonly baseUrl: string;
  readonly slugCase: SlugCase;
  readonly destinationPolicy: DestinationPolicy;
  readonly findLink: FindLink;
  readonly access: AccessMode;
  readonly readTotals: ReadTotals;
  readonly pages: Pages;
  readonly clock: Pick<Clock, 'now'>;
}): Operation {
  const { baseUrl, slugCase, destinationPolicy, findLink, readTotals, pages, clock } = deps;
  return defineOperation({
    id: 'previewLink',
    method: 'get',
    path: '/{slug}+',
    tag: 'Pages',
    summary: 'Where a short URL leads',
    access: 'everyone',
    writes: false,
    honoursBookmarks: true,
    params: { path: z.object({ slug: z.string() }) },
    responses: {
      200: { description: 'A page.', content: { 'text/html': { schema: z.string() } } },
    },
    failures: ['not_found', 'gone', 'blocked'],
    async handle({ path, request, response }) {
      const slugKey = findSlugKey(path.slug, slugCase);
      const link =
        slugKey === undefined ? undefined : await findLink({ domainId: defaultDomainId, slugKey });
      if (link === undefined) throw notFound();
      // Whoever may not list links is not told how often they are clicked either.
      const clicks = deps.access === 'open' ? (await readTotals([link.id]))(link.id) : null;
      const view = toLinkView(link, clicks, { baseUrl, now: clock.now() });
      refuseInactive(view.state);
      if (!isAllowedDestination(link.destination, destinationPolicy)) refuseInactive('blocked');
      response.setHeader('X-Robots-Tag', 'noindex');
      sendPage(response, 200, pages.preview({ link: view, isStale: factsOf(request).isStale }));
    },
  });
}

/** A link that leads nowhere now has no preview either: what it hides from visitors stays hidden. */
function refuseInactive(state: LinkState): void {
  switch (state) {
    case 'active':
      return;
    case 'pending':
      throw notFound();
    case 'expired':
    case 'disabled':
      throw new Failure('gone', 'This link has expired or was switched off by its owner.');
    case 'blocked':
      throw new Failure('blocked', 'This link was taken down by the operator of this service.');
  }
}
