import { type Logger, pino } from 'pino';

/** Names of fields that are cut out of every line, whoever logs them by mistake. */
const secretFields = [
  ...['authorization', 'cookie', 'set-cookie', 'key', 'secret', 'password'],
  // Of `config.backup`.
  ...['keys', 'backupKeys', 'secretAccessKey', 'sessionToken'],
];

/**
 * The root logger: one JSON line per event on stdout, with the node and its region.
 * Rooms take a child of it, `log.child({ room: 'storage' })`.
 */
export function createLog(options: {
  readonly level: string;
  readonly node: string;
  readonly region: string;
}): Logger {
  return pino({
    level: options.level,
    base: { node: options.node, region: options.region },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: secretFields.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
      censor: '[redacted]',
    },
  });
}
