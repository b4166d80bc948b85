import type { Response } from 'express';
import type { Clock } from '../domain/clock.ts';
import { defaultDomainId } from '../domain/domain-name.ts';
import type { Link } from '../domain/link.ts';
import type { LinkReader } from '../domain/link-store.ts';
import type { HomePage, Pages } from '../domain/pages.ts';
import { type Caller, hasSession } from './caller.ts';
import type { ReadTotals } from './click-totals.ts';
import { toLinkView } from './link-view.ts';
import { sendPage } from './page-answers.ts';

/** So many of the latest links are on the page. */
const latestCount = 20;

/** What a page shows besides the latest links. */
export interface HomeNews {
  readonly created?: Link | undefined;
  readonly failure?: HomePage['failure'];
  readonly isStale?: boolean | undefined;
}

/** Answers with the page at `/`. */
export type SendHome = (
  response: Response,
  status: number,
  caller: Caller,
  news: HomeNews,
) => Promise<void>;

export function createSendHome(deps: {
  readonly baseUrl: string;
  readonly links: Pick<LinkReader, 'listLinks'>;
  readonly readTotals: ReadTotals;
  readonly pages: Pages;
  readonly clock: Pick<Clock, 'now'>;
}): SendHome {
  const { baseUrl, links, readTotals, pages, clock } = deps;
  return async (response, status, caller, { created, failure, isStale }) => {
    const latest = await links.listLinks({
      domainId: defaultDomainId,
      sort: '-createdAt',
      limit: latestCount,
    });
    const totalsOf = await readTotals(latest.links.map(({ id }) => id));
    const view = (link: Link) => toLinkView(link, totalsOf(link.id), { baseUrl, now: clock.now() });
    const html = pages.home({
      baseUrl,
      links: latest.links.map(view),
      created: created === undefined ? undefined : view(created),
      failure,
      isStale,
      signedIn: hasSession(caller),
    });
    sendPage(response, status, html);
  };
}
