import { z } from 'zod';
import { type FleetNode, summarizeFleet } from '../domain/fleet-report.ts';
import type { Pages } from '../domain/pages.ts';
import type { NodeId } from '../domain/role.ts';
import { nodeStatusSchema, type ReadNodeStatus } from './node-status.ts';
import { defineOperation, type Operation } from './operation.ts';
import { sendPage, wantsPage } from './page-answers.ts';

/** Asks the other known nodes what they say of themselves; `told` is as it came, `undefined` without an answer. */
export type AskReports = () => Promise<
  readonly { readonly node: NodeId; readonly told: unknown }[]
>;

const fleetStatusSchema = z
  .object({
    summary: z.object({
      isFine: z.boolean(),
      sentences: z.array(z.string()),
    }),
    nodes: z.array(
      z.object({
        node: z.string(),
        answers: z.boolean().meta({ description: 'Whether it did, within a second.' }),
        status: nodeStatusSchema.nullable(),
      }),
    ),
  })
  .meta({ id: 'FleetStatus' });

/** Nodes of another release say less, or more. */
const toldSchema = nodeStatusSchema.extend({
  durability: nodeStatusSchema.shape.durability.default(null),
  otherCandidate: nodeStatusSchema.shape.otherCandidate.default(null),
  lease: nodeStatusSchema.shape.lease.default(null),
  guard: nodeStatusSchema.shape.guard.default(null),
  clicks: nodeStatusSchema.shape.clicks.default(null),
  servesBackupOf: nodeStatusSchema.shape.servesBackupOf.default(null),
  backup: nodeStatusSchema.shape.backup.default(null),
});

/** `GET /status`: all nodes at a glance, as a page for people and as data. */
export function createFleetStatusOperation(deps: {
  readonly readStatus: ReadNodeStatus;
  readonly askReports: AskReports;
  readonly pages: Pages;
  readonly clock: { now(): number };
}): Operation {
  const { readStatus, askReports, pages, clock } = deps;
  return defineOperation({
    id: 'getFleetStatus',
    method: 'get',
    path: '/status',
    tag: 'Node',
    summary: 'All nodes of the fleet: their roles, how far they are, and what is wrong',
    description:
      'This node asks the others that it knows, for a second at most. One that does not answer is in the list without a status.',
    access: 'user',
    writes: false,
    params: {},
    responses: {
      200: {
        description: 'The nodes, by name.',
        content: {
          'application/json': { schema: fleetStatusSchema },
          'text/html': { schema: z.string() },
        },
      },
    },
    async handle({ request, response }) {
      const nodes = await readFleet();
      const summary = summarizeFleet(nodes);
      response.vary('Accept');
      if (wantsPage(request)) {
        sendPage(response, 200, pages.status({ summary, nodes, at: clock.now() }));
        return;
      }
      response.json({
        summary,
        nodes: nodes.map(({ node, report }) => ({
          node,
          answers: report !== null,
          status: report,
        })),
      });
    },
  });

  async function readFleet(): Promise<readonly FleetNode[]> {
    const [own, others] = await Promise.all([readStatus(), askReports()]);
    return [
      { node: own.node, report: own },
      ...others.map(({ node, told }) => ({
        node,
        report: toldSchema.safeParse(told).data ?? null,
      })),
    ].sort((a, b) => (a.node < b.node ? -1 : 1));
  }
}
