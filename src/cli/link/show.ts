import type { Command } from 'commander';
import { createAskApi, printAnswer } from '../ask-api.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { alignRows } from '../table.ts';
import { toSecond } from '../time.ts';
import { type LinkAnswer, linkAnswer } from './link-answer.ts';
import { parseSlugArgument, toLinkPath } from './link-path.ts';

/** `hoplite link show`: all there is to know of a link. */
export function addLinkShow(link: Command, context: Context): void {
  link
    .command('show')
    .description('show a link')
    .argument('<slug>', 'its slug, or its short URL', parseSlugArgument)
    .option('--json', 'print what the API answers')
    .action(async (slug: string, { json }: { readonly json?: true }) => {
      const request = { method: 'GET', path: toLinkPath(slug) } as const;
      if (json) return printAnswer(context, request);
      const ask = await createAskApi(context);
      for (const line of alignRows(toRows(await ask(request, linkAnswer)))) {
        context.output.line(line);
      }
    });
}

function toRows(link: LinkAnswer): string[][] {
  const { title, notBefore, expiresAt } = link;
  return [
    ['short URL', link.shortUrl],
    ['destination', link.destination],
    ['state', link.state],
    ...(title === null ? [] : [['title', title]]),
    ['answers', `${link.redirectCode}${link.forwardQuery ? ', with the query of the hit' : ''}`],
    ...(notBefore === null ? [] : [['works from', toSecond(notBefore)]]),
    ...(expiresAt === null ? [] : [['works until', toSecond(expiresAt)]]),
    ['clicks', describeClicks(link.clicks)],
    ['created', toSecond(link.createdAt)],
    ['changed', toSecond(link.updatedAt)],
  ];
}

function describeClicks(clicks: LinkAnswer['clicks']): string {
  if (clicks === null) return 'cannot be told at the moment';
  const { people, bots, visitorsEstimate } = clicks;
  return `${people}, by about ${counted(visitorsEstimate, 'visitor')} (estimate); by bots ${bots}`;
}
