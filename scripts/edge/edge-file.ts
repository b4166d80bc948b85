import { z } from 'zod';
import type { EdgeOptions } from './edge.ts';
import { knobsSchema } from './knobs-schema.ts';
import { realisticLatency } from './latency-table.ts';
import type { ListenAddress } from './listener.ts';

const address = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[^:[\]]+):\d{1,5}$/, 'must be host:port')
  .transform((text): ListenAddress => {
    const at = text.lastIndexOf(':');
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
  });
const region = z.string().regex(/^[a-z0-9-]+$/, 'must be a region such as ams');
const node = z.strictObject({
  id: z.string().regex(/^[\w.-]+$/, 'must be letters, digits, ".", "_", "-"'),
  region,
  url: z.url({ protocol: /^http$/ }),
  app: z.string().exactOptional(),
});
const table = z.record(region, z.record(region, z.number().min(0)));
const file = z.strictObject({
  regions: z.record(region, address),
  nodes: z.array(node).default([]),
  latency: z.union([z.boolean(), table]).default(false),
  app: z.string().exactOptional(),
  health: z
    .strictObject({
      path: z.string().startsWith('/').exactOptional(),
      intervalMs: z.number().min(1).exactOptional(),
      timeoutMs: z.number().min(1).exactOptional(),
    })
    .exactOptional(),
  knobs: knobsSchema.exactOptional(),
  control: address.exactOptional(),
});

/** What a file describes: an edge, and where its control listener binds, if it has one. */
export interface EdgeFile {
  readonly options: EdgeOptions;
  readonly control: ListenAddress | undefined;
}

/**
 * Reads the description of an edge: `{ "regions": { "ams": "127.0.0.1:9001" }, "nodes": [{ "id", "region",
 * "url" }], "latency": true, "health": {…}, "knobs": {…}, "control": "127.0.0.1:9000" }`.
 * Throws an error that names every mistake.
 */
export function parseEdgeFile(description: unknown): EdgeFile {
  const parsed = file.safeParse(description);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const { regions, latency, control, ...rest } = parsed.data;
  return {
    options: {
      ...rest,
      regions: Object.keys(regions),
      listen: regions,
      latency: latency === true ? realisticLatency : latency || undefined,
    },
    control,
  };
}
