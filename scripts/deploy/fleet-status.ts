import { z } from 'zod';
import { DeployFailure } from './deploy-failure.ts';

const schema = z.object({
  nodes: z.array(
    z.object({
      node: z.string(),
      status: z
        .object({
          region: z.string(),
          role: z.enum(['joining', 'replica', 'primary', 'detached']),
          schema: z.number().nullable(),
          // The release before may not say so.
          durability: z.string().nullable().default(null),
        })
        .nullable(),
    }),
  ),
});

/** What a node said of itself; `status` is null when it did not answer. On Fly a node's name is its machine's id. */
export type NodeStatus = z.output<typeof schema>['nodes'][number];

/** What `hoplite status --json` prints. It may stand among lines of whoever carried it here. */
export function parseFleetStatus(printed: string): readonly NodeStatus[] {
  const text = printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1);
  try {
    return schema.parse(JSON.parse(text)).nodes;
  } catch (cause) {
    throw new DeployFailure(
      `"hoplite status --json" printed what this program does not know: ${printed.trim().slice(0, 300)}`,
      { cause },
    );
  }
}
