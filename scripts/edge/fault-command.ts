import { z } from 'zod';
import type { Edge } from './edge.ts';
import type { Faults } from './faults.ts';

/** A fault as JSON tells it, such as `{ "fault": "partition", "region": "syd", "node": "a1" }`, ready to be set. */
export type FaultCommand = (faults: Faults) => void;

/** Reads a fault for an edge; one of its regions or nodes that it does not have is a mistake. */
export function faultCommandSchema(edge: Edge): z.ZodType<FaultCommand> {
  const region = z.string().refine((name) => name in edge.urls, 'is not a region of this edge');
  const node = z
    .string()
    .refine((id) => edge.nodes().some((known) => known.id === id), 'is not a node of this edge');
  return z.union([
    z
      .strictObject({ fault: z.literal('delay'), region, node, oneWayMs: z.number().min(0) })
      .transform((set) => (faults: Faults) => faults.delay(set.region, set.node, set.oneWayMs)),
    z
      .strictObject({ fault: z.literal('partition'), region, node })
      .transform((set) => (faults: Faults) => faults.partition(set.region, set.node)),
    z
      .strictObject({ fault: z.literal('heal'), region, node })
      .transform((set) => (faults: Faults) => faults.heal(set.region, set.node)),
    z
      .strictObject({
        fault: z.literal('state'),
        node,
        state: z.enum(['started', 'stopped', 'unreachable']),
      })
      .transform((set) => (faults: Faults) => faults.setState(set.node, set.state)),
    z
      .strictObject({ fault: z.literal('health'), node, healthy: z.boolean().nullable() })
      .transform((set) => (faults: Faults) => faults.pinHealth(set.node, set.healthy ?? undefined)),
    z
      .strictObject({ fault: z.literal('freeze-health') })
      .transform(() => (faults: Faults) => faults.freezeHealth()),
    z
      .strictObject({ fault: z.literal('thaw-health') })
      .transform(() => (faults: Faults) => faults.thawHealth()),
    z
      .strictObject({ fault: z.literal('clear') })
      .transform(() => (faults: Faults) => faults.clear()),
  ]);
}
