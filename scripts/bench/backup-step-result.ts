import { z } from 'zod';

/** What one step of a backup took. */
export const stepResult = z.object({
  step: z.string(),
  seconds: z.number(),
  /** Of all threads. */
  cpuSeconds: z.number(),
  /** Of the whole process, Node itself with it. */
  peakRssMb: z.number(),
  sentBytes: z.number(),
});
export type BackupStep = Readonly<z.output<typeof stepResult>>;
