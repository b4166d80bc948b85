import { type Command, Option } from 'commander';
import { redirectCodes } from '../../domain/link.ts';
import { createAskApi, printAnswer } from '../ask-api.ts';
import type { Context } from '../context.ts';
import { linkAnswer } from './link-answer.ts';

interface CreateOptions {
  readonly slug?: string;
  readonly title?: string;
  readonly redirectCode?: string;
  readonly notBefore?: string;
  readonly expiresAt?: string;
  readonly forwardQuery?: true;
  readonly json?: true;
}

/** `hoplite link create`: stdout gets the short URL and nothing else. */
export function addLinkCreate(link: Command, context: Context): void {
  link
    .command('create')
    .description('create a link and print its short URL')
    .argument('<destination>', 'where it leads, an http or https URL')
    .option('--slug <slug>', 'the path of the short URL; generated when left out')
    .option('--title <title>', 'a line for people')
    .addOption(
      new Option(
        '--redirect-code <code>',
        'the status that it answers with; 302 when left out',
      ).choices(redirectCodes.map(String)),
    )
    .option('--not-before <time>', 'when it begins to work, such as 2030-01-31T09:00:00Z')
    .option('--expires-at <time>', 'when it ends to work')
    .option('--forward-query', 'append the query of a hit to the destination')
    .option('--json', 'print what the API answers')
    .action(async (destination: string, { json, redirectCode, ...fields }: CreateOptions) => {
      const code = redirectCode === undefined ? {} : { redirectCode: Number(redirectCode) };
      const body = { destination, ...fields, ...code };
      const request = { method: 'POST', path: '/api/v1/links', body } as const;
      if (json) return printAnswer(context, request);
      const ask = await createAskApi(context);
      const created = await ask(request, linkAnswer);
      context.output.line(created.shortUrl);
    });
}
