import { BootRefused } from './app/restore/restore-on-boot.ts';
import { type App, startApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { Failure } from './domain/failure.ts';
import { isPathError } from './path-error.ts';

/** How long a closing app may take before the process ends all the same, milliseconds. */
const closeWithinMs = 10_000;

/** A start of the app, by whatever it is asked for. */
export interface Start extends AsyncDisposable {
  readonly app: App;
  /** For whoever started it by hand; `undefined`: nothing is said. */
  readonly greeting: string | undefined;
}

/** Reads the configuration, starts the app, waits for a signal and closes it. */
export function main(env: Readonly<Record<string, string | undefined>>): Promise<never> {
  return runUntilAsked(async () => {
    const config = readConfig(env);
    const app = await startApp(config);
    return {
      app,
      greeting: config.fleet === undefined ? greet(app, config) : undefined,
      [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
    };
  });
}

/**
 * Starts the app, waits for a signal and closes it.
 *
 * After a signal the exit code decides what LiteFS does with the lease: 0 releases it at once, anything else leaves it
 * to expire (docs/facts.md, "After a signal only exit code 0 frees the lease"). So only a start that failed and a mount
 * that died end with 1, and a node alone that must not start on what it finds with a code of docs/backup.md.
 */
export async function runUntilAsked(start: () => Promise<Start>): Promise<never> {
  let started: Start;
  try {
    started = await start();
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`);
    process.exit(error instanceof BootRefused ? error.exitCode : 1);
  }
  const { app, greeting } = started;
  if (greeting !== undefined) process.stdout.write(greeting);
  const reason = await Promise.race([app.ended, firstSignal()]);
  const forced = setTimeout(() => process.exit(reason.exitCode), closeWithinMs);
  // First, since LiteFS keeps the lease until this process has ended. A mount may die meanwhile.
  if (reason === asked) await Promise.race([app.leave(), app.ended]);
  await started[Symbol.asyncDispose]();
  clearTimeout(forced);
  process.exit(reason.exitCode);
}

/** What whoever started it by hand wants to know. */
function greet(app: App, { http, storage }: Config): string {
  const authorization = http.access === 'open' ? '' : " -H 'Authorization: Bearer KEY'";
  return `
Hoplite listens on ${app.url} and its data lies in ${storage.dataDir}.
Try:  curl -X POST${authorization} '${http.baseUrl}/?url=https://example.com/a/long/address'
Page: ${http.baseUrl}/   API: ${http.baseUrl}/docs

`;
}

function describeStartFailure(error: unknown): string {
  if (error instanceof ConfigError) {
    return `Hoplite cannot start with this environment:\n${error.message.replace(/^/gm, '  ')}`;
  }
  if (error instanceof Failure || error instanceof BootRefused)
    return `Hoplite cannot start: ${error.message}`;
  if (isPathError(error)) return `Hoplite cannot start: ${error.message}`;
  return `Hoplite cannot start: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
}

/** The end that somebody asked for. */
const asked = { exitCode: 0 } as const;

function firstSignal(): Promise<typeof asked> {
  return new Promise((resolve) => {
    const onSignal = () => resolve(asked);
    process.once('SIGTERM', onSignal);
    process.once('SIGINT', onSignal);
  });
}

if (import.meta.main) await main(process.env);
