import type { Command } from 'commander';
import { z } from 'zod';
import { createAskApi } from './ask-api.ts';
import type { Context } from './context.ts';

const handoffAnswer = z.object({
  from: z.string(),
  to: z.string(),
  heldMs: z.number().nullable(),
});

/** `hoplite handoff`: makes the other candidate the primary, without losing a write. */
export function addHandoff(program: Command, context: Context): void {
  program
    .command('handoff')
    .description('make the other candidate the primary; the one so far goes on as a replica')
    .option('--to <node>', 'only when this is the one that would become primary')
    .action(async ({ to }: { readonly to?: string }) => {
      const ask = await createAskApi(context);
      const {
        from,
        to: heir,
        heldMs,
      } = await ask({ method: 'POST', path: '/handoff', body: { to } }, handoffAnswer);
      const held =
        heldMs === null
          ? `${heir} does not take writes yet`
          : `writes were held for ${Math.round(heldMs)} ms`;
      context.output.line(`handed the lease over from ${from} to ${heir}; ${held}`);
    });
}
