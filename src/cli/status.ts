import type { Command } from 'commander';
import { z } from 'zod';
import { createAskApi, printAnswer } from './ask-api.ts';
import type { Context } from './context.ts';
import { alignRows } from './table.ts';

const request = { method: 'GET', path: '/status' } as const;

const fleetStatus = z.object({
  summary: z.object({ isFine: z.boolean(), sentences: z.array(z.string()) }),
  nodes: z.array(
    z.object({
      node: z.string(),
      status: z
        .object({
          region: z.string(),
          role: z.string(),
          lagMs: z.number().nullable(),
          schema: z.number().nullable(),
          version: z.string(),
        })
        .nullable(),
    }),
  ),
});

/** `hoplite status`: all nodes of the fleet as this node sees them, and what is wrong. Fails when something is. */
export function addStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description('show all nodes of the fleet, and what is wrong; fails when something is')
    .option('--json', 'print what the API answers, and fail only when there is no answer')
    .action(async ({ json }: { readonly json?: true }) => {
      if (json) return printAnswer(context, request);
      const ask = await createAskApi(context);
      const { summary, nodes } = await ask(request, fleetStatus);
      const rows = nodes.map(({ node, status }) =>
        status === null
          ? [node, '', 'does not answer']
          : [
              node,
              status.region,
              status.role,
              status.lagMs === null ? '' : `${Math.round(status.lagMs)} ms`,
              status.schema === null ? '' : String(status.schema),
              status.version,
            ],
      );
      const header = ['node', 'region', 'role', 'lag', 'schema', 'version'];
      for (const line of alignRows([header, ...rows])) context.output.line(line);
      for (const sentence of summary.sentences) context.output.note(sentence);
      if (!summary.isFine) context.fail();
    });
}
