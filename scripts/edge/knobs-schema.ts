import { z } from 'zod';
import type { Knobs } from './knobs.ts';

const count = z.int().min(0);
const milliseconds = z.number().min(0).max(2_147_483_647);

/** Some of the knobs, as text from outside gives them. An unknown one is a mistake. */
export const knobsSchema = z.strictObject({
  clientReplayHeaders: z.enum(['keep', 'strip']).exactOptional(),
  replaySrcSeparator: z.enum([';', ',']).exactOptional(),
  replayCookies: z.enum(['drop', 'keep']).exactOptional(),
  overLimitStatus: z.int().min(400).max(599).exactOptional(),
  unhealthyInstance: z.enum(['wait', 'try']).exactOptional(),
  clientForwardedHeaders: z.enum(['overwrite', 'keep']).exactOptional(),
  undocumentedHeaders: z.boolean().exactOptional(),
  bodyLimitBytes: count.exactOptional(),
  maxHops: count.exactOptional(),
  maxAttempts: z.int().min(1).exactOptional(),
  retryDelayMs: milliseconds.exactOptional(),
  connectTimeoutMs: milliseconds.exactOptional(),
  answerTimeoutMs: milliseconds.exactOptional(),
  autostart: z.boolean().exactOptional(),
  scheme: z.enum(['http', 'https']).exactOptional(),
  appAddress: z.union([z.ipv4(), z.ipv6()]).exactOptional(),
} satisfies Record<keyof Knobs, z.ZodType>);
