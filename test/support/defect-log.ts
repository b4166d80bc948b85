import { type Logger, pino } from 'pino';

/** A log that hands over the defects which a shipper reports instead of rejecting, and says nothing. */
export function defectLog(onDefect: (error: unknown) => void): Logger {
  return pino({
    level: 'error',
    hooks: {
      logMethod([facts, message]: unknown[]) {
        if (message === 'shipping failed') onDefect((facts as { readonly err: unknown }).err);
      },
    },
  });
}
