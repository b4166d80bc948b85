import { type Command, Option } from 'commander';
import { z } from 'zod';
import { linkSorts } from '../../domain/link-store.ts';
import { type AskApi, createAskApi, printAnswer } from '../ask-api.ts';
import type { Context } from '../context.ts';
import { alignRows, shorten } from '../table.ts';
import { toSecond } from '../time.ts';
import { type LinkAnswer, linkAnswer } from './link-answer.ts';

interface ListOptions {
  readonly search?: string;
  readonly sort?: string;
  readonly limit?: string;
  readonly all?: true;
  readonly json?: true;
}

/** As many as the API gives at a time. */
const longestPage = '200';

/** Links as they came, so that a program gets every field of theirs. */
const anyPage = z.object({ links: z.array(z.unknown()), nextCursor: z.string().nullable() });
const header = ['slug', 'state', 'clicks', 'created', 'destination', 'title'];

/** `hoplite link list`: a page of links, or all of them, page by page. */
export function addLinkList(link: Command, context: Context): void {
  const { output } = context;
  link
    .command('list')
    .description('list links, the newest first')
    .option('--search <text>', 'only those with this in the slug, destination or title')
    .addOption(new Option('--sort <field>', '"-" is descending').choices([...linkSorts]))
    .addOption(new Option('--limit <number>', 'so many, 1 to 200; 50 when left out'))
    .addOption(new Option('--all', 'all there are').conflicts('limit'))
    .option('--json', 'print what the API answers')
    .action(async ({ all, json, ...given }: ListOptions) => {
      const query = { ...given, ...(all && { limit: longestPage }) };
      if (json && !all) return printAnswer(context, { method: 'GET', path: toPath(query) });
      const ask = await createAskApi(context);
      if (json) return output.json({ links: await collect(ask, query), nextCursor: null });

      let count = 0;
      for await (const { links, nextCursor } of readPages(ask, query)) {
        const rows = links.map((one) => toRow(linkAnswer.parse(one), output.isTerminal));
        const lines = alignRows([header, ...rows]);
        for (const line of count === 0 ? lines : lines.slice(1)) output.line(line);
        count += links.length;
        if (output.isClosed) return;
        if (!all && nextCursor !== null) {
          return output.note('There are more: add --all, or --limit with up to 200.');
        }
      }
      if (count === 0) output.note('There are no such links.');
    });
}

async function collect(ask: AskApi, query: Readonly<Record<string, string>>): Promise<unknown[]> {
  const collected: unknown[] = [];
  for await (const { links } of readPages(ask, query)) collected.push(...links);
  return collected;
}

async function* readPages(
  ask: AskApi,
  query: Readonly<Record<string, string>>,
): AsyncGenerator<z.output<typeof anyPage>> {
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = toPath(cursor === '' ? query : { ...query, cursor });
    const page: z.output<typeof anyPage> = await ask({ method: 'GET', path }, anyPage);
    yield page;
    cursor = page.nextCursor;
  }
}

function toPath(query: Readonly<Record<string, string>>): string {
  return `/api/v1/links?${new URLSearchParams(query)}`;
}

function toRow(link: LinkAnswer, isTerminal: boolean): string[] {
  const cut = isTerminal ? shorten : (text: string) => text;
  const { slug, state, clicks, createdAt, destination, title } = link;
  return [
    slug,
    state,
    String(clicks?.total ?? '?'),
    toSecond(createdAt),
    cut(destination),
    cut(title ?? ''),
  ];
}
