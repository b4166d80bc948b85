import { exitCodes } from '../../domain/exit-codes.ts';
import { describeError } from '../describe-error.ts';
import { pause } from '../watch.ts';
import { unreachableBackupGraceMs } from './decide-restore.ts';
import type { BootstrapDecision } from './decision.ts';
import { RestoreFailed } from './snapshots.ts';

/** The log of the guard, as far as it is needed here. */
export interface BootstrapLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** With which LiteFS starts, or the guard ends. */
export type FinalDecision =
  | { readonly do: 'start' | 'start as replica only' }
  | { readonly do: 'stop'; readonly exitCode: number };

/** A fleet that boots is there within moments; later nothing is urgent. */
const firstPauseMs = 200;
const firstMs = 5000;
const pauseMs = 1000;
/** A backup that could not be restored may be put right meanwhile. */
const restorePauseMs = 10_000;
const repeatMs = 60_000;

interface Parts {
  /** Judges everything anew. `waitedMs` is the time since the first look. */
  readonly decide: (waitedMs: number) => Promise<BootstrapDecision>;
  /** Puts the backup ready to be imported; rejects with an `Error` in words, one that should end the node with a `RestoreFailed`. */
  readonly restore: (clusterId: string | undefined) => Promise<void>;
  readonly log: BootstrapLog;
  readonly signal: AbortSignal;
}

/**
 * Looks again and again until LiteFS may start or the guard has to end, and says in the log what is waited for, once and
 * each minute. Gives `undefined` when `signal` aborts before.
 */
export async function awaitStart(parts: Parts): Promise<FinalDecision | undefined> {
  const startedMs = performance.now();
  const say = createSayer(parts.log);
  while (!parts.signal.aborted) {
    const waitedMs = performance.now() - startedMs;
    const decision = await parts.decide(waitedMs);
    say(decision);
    switch (decision.do) {
      case 'start':
      case 'start as replica only':
        return { do: decision.do };
      case 'stop':
        return { do: 'stop', exitCode: decision.exitCode };
      case 'restore': {
        const failure = await tryRestore(parts, decision.clusterId);
        if (failure === undefined || parts.signal.aborted) continue;
        const failedMs = performance.now() - startedMs;
        const exitCode = exitCodeAfter(failure, failedMs);
        // Two candidates may have begun at once, and the other one has the links by now.
        if (exitCode === undefined && (await parts.decide(failedMs)).do !== 'restore') continue;
        parts.log.error(notRestored, { err: failure.message });
        if (exitCode !== undefined) return { do: 'stop', exitCode };
        await pause(restorePauseMs, parts.signal);
        continue;
      }
      case 'wait':
        await pause(waitedMs < firstMs ? firstPauseMs : pauseMs, parts.signal);
    }
  }
  return undefined;
}

/**
 * With which code a node ends whose restore has failed, `waitedMs` after it began to look; `undefined` when it tries again:
 * over files that a person may put right, and for a minute over a bucket that may come back.
 */
export function exitCodeAfter(
  { exitCode }: Pick<RestoreFailed, 'exitCode'>,
  waitedMs: number,
): number | undefined {
  const mayPass = exitCode === exitCodes.tryAgain && waitedMs < unreachableBackupGraceMs;
  return mayPass ? undefined : exitCode;
}

const notRestored = 'the backup cannot be restored, and nothing starts without it';

/** `undefined` when it succeeded. */
async function tryRestore(
  { restore }: Pick<Parts, 'restore'>,
  clusterId: string | undefined,
): Promise<Pick<RestoreFailed, 'exitCode' | 'message'> | undefined> {
  try {
    await restore(clusterId);
    return undefined;
  } catch (error) {
    if (error instanceof RestoreFailed) return error;
    return { exitCode: undefined, message: describeError(error) };
  }
}

/** How each decision begins in the log; why follows as a field. */
const words = {
  start: 'starting LiteFS',
  'start as replica only': 'starting LiteFS as a replica only',
  wait: 'not starting LiteFS yet',
  restore: 'restoring a backup before starting LiteFS',
  stop: 'not starting LiteFS',
} as const;

/** Says a decision when its sentence is new, and again after a minute. */
export function createSayer(
  log: BootstrapLog,
  wordsOf: Readonly<Record<BootstrapDecision['do'], string>> = words,
): (decision: BootstrapDecision) => void {
  let last = { sentence: '', atMs: 0 };
  return ({ do: decided, sentence }) => {
    const now = performance.now();
    if (sentence === last.sentence && now - last.atMs < repeatMs) return;
    last = { sentence, atMs: now };
    const fields = { why: sentence };
    if (decided === 'stop') log.error(wordsOf[decided], fields);
    else if (decided === 'wait' || decided === 'restore') log.warn(wordsOf[decided], fields);
    else log.info(wordsOf[decided], fields);
  };
}
