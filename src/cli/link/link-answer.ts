import { z } from 'zod';

/** What the command line reads of a link in an answer of the API. */
export const linkAnswer = z.object({
  slug: z.string(),
  shortUrl: z.string(),
  destination: z.string(),
  title: z.string().nullable(),
  redirectCode: z.number(),
  forwardQuery: z.boolean(),
  notBefore: z.string().nullable(),
  expiresAt: z.string().nullable(),
  state: z.string(),
  clicks: z
    .object({
      total: z.number(),
      people: z.number(),
      bots: z.number(),
      visitorsEstimate: z.number(),
    })
    .nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type LinkAnswer = z.output<typeof linkAnswer>;
