import type { Command } from 'commander';
import { z } from 'zod';
import { createAskApi, printAnswer } from '../ask-api.ts';
import type { Context } from '../context.ts';

/** `hoplite key revoke`: the key, and every session opened with it, is no longer taken. */
export function addKeyRevoke(key: Command, context: Context): void {
  key
    .command('revoke')
    .description('revoke a key, and with it every session opened with it')
    .argument('<id>', 'as "key list" shows it')
    .option('--json', 'print what the API answers')
    .action(async (id: string, { json }: { readonly json?: true }) => {
      const path = `/api/v1/keys/${encodeURIComponent(id)}`;
      const request = { method: 'DELETE', path } as const;
      if (json) return printAnswer(context, request);
      const ask = await createAskApi(context);
      await ask(request, z.undefined());
      context.output.note(`Key ${id} is revoked.`);
    });
}
