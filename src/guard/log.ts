/** What varies in a line of the log. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The guard's log: the message is a short constant, what varies is a field. */
export interface GuardLog {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** Someone must act. */
  error(message: string, fields?: LogFields): void;
}

/** JSON lines of the form that the app's log has (`src/log.ts`), without its logger, which would cost the guard 9 MB. */
export function createGuardLog(options: {
  readonly node: string;
  readonly region: string;
  readonly write: (line: string) => void;
}): GuardLog {
  const at =
    (level: string) =>
    (msg: string, fields: LogFields = {}) => {
      const time = new Date().toISOString();
      const { node, region } = options;
      options.write(
        `${JSON.stringify({ level, time, node, region, room: 'guard', ...fields, msg })}\n`,
      );
    };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
