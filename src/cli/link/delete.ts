import type { Command } from 'commander';
import { z } from 'zod';
import { createAskApi, printAnswer } from '../ask-api.ts';
import { confirm } from '../confirm.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { linkAnswer } from './link-answer.ts';
import { parseSlugArgument, toLinkPath } from './link-path.ts';

/** `hoplite link delete`: asks first when a person is there, and needs `--yes` when none is. */
export function addLinkDelete(link: Command, context: Context): void {
  link
    .command('delete')
    .description('delete a link; its slug is free again')
    .argument('<slug>', 'its slug, or its short URL', parseSlugArgument)
    .option('--yes', 'do not ask')
    .option('--json', 'print what the API answers')
    .action(async (slug: string, { yes, json }: { readonly yes?: true; readonly json?: true }) => {
      if (!yes) await expectAgreement(slug, context);
      const request = { method: 'DELETE', path: toLinkPath(slug) } as const;
      if (json) return printAnswer(context, request);
      const ask = await createAskApi(context);
      await ask(request, z.undefined());
      context.output.note(`The link ${slug} is deleted.`);
    });
}

/** Shows what would go away. Throws a `Refusal` unless a person says yes. */
async function expectAgreement(slug: string, context: Context): Promise<void> {
  const input = context.input();
  if (!input.isTTY) throw new Refusal('nobody is there to ask; if you mean it, add --yes');
  const ask = await createAskApi(context);
  const { shortUrl, destination } = await ask(
    { method: 'GET', path: toLinkPath(slug) },
    linkAnswer,
  );
  const question = `Delete ${shortUrl}, which leads to ${destination}? [y/N] `;
  if (!(await confirm(question, { input, output: context.output }))) {
    throw new Refusal('nothing was deleted');
  }
}
