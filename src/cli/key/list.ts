import type { Command } from 'commander';
import { z } from 'zod';
import { createAskApi, printAnswer } from '../ask-api.ts';
import type { Context } from '../context.ts';
import { alignRows } from '../table.ts';
import { toSecond } from '../time.ts';

const request = { method: 'GET', path: '/api/v1/keys' } as const;
const keyList = z.object({
  keys: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      prefix: z.string(),
      createdAt: z.string(),
      revokedAt: z.string().nullable(),
    }),
  ),
});

/** `hoplite key list`: all keys, revoked ones too, without their secrets. */
export function addKeyList(key: Command, context: Context): void {
  key
    .command('list')
    .description('list all keys, revoked ones too')
    .option('--json', 'print what the API answers')
    .action(async ({ json }: { readonly json?: true }) => {
      if (json) return printAnswer(context, request);
      const ask = await createAskApi(context);
      const { keys } = await ask(request, keyList);
      if (keys.length === 0) return context.output.note('There are no keys.');
      const rows = keys.map(({ id, prefix, createdAt, revokedAt, name }) => [
        id,
        `${prefix}…`,
        toSecond(createdAt),
        revokedAt === null ? '' : toSecond(revokedAt),
        name,
      ]);
      const header = ['id', 'key', 'created', 'revoked', 'name'];
      for (const line of alignRows([header, ...rows])) context.output.line(line);
    });
}
