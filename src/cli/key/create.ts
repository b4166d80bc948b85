import type { Command } from 'commander';
import { z } from 'zod';
import { createAskApi, printAnswer } from '../ask-api.ts';
import type { Context } from '../context.ts';

const createdKey = z.object({ id: z.string(), key: z.string() });

/** `hoplite key create`: stdout gets the key and nothing else, so that a script can take it. */
export function addKeyCreate(key: Command, context: Context): void {
  key
    .command('create')
    .description('create a key and print it, this once')
    .argument('<name>', 'what the key is for, such as deploy-bot')
    .option('--json', 'print what the API answers')
    .action(async (name: string, { json }: { readonly json?: true }) => {
      const request = { method: 'POST', path: '/api/v1/keys', body: { name } } as const;
      if (json) return printAnswer(context, request);
      const ask = await createAskApi(context);
      const created = await ask(request, createdKey);
      context.output.line(created.key);
      context.output.note(
        `This is key ${created.id}. Keep it now: it is stored as a hash and never shown again.`,
      );
    });
}
