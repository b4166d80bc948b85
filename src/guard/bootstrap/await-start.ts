import { setTimeout as delay } from 'node:timers/promises';
import type { BootstrapDecision } from './decide.ts';

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
const repeatMs = 60_000;

/**
 * Looks again and again until LiteFS may start or the guard has to end, and says in the log what is waited for, once and
 * each minute. Gives `undefined` when `signal` aborts before.
 */
export async function awaitStart(parts: {
  /** Judges everything anew. `waitedMs` is the time since the first look. */
  readonly decide: (waitedMs: number) => Promise<BootstrapDecision>;
  /** Puts the snapshot ready to be imported. */
  readonly restore: (clusterId: string | undefined) => Promise<void>;
  readonly log: BootstrapLog;
  readonly signal: AbortSignal;
}): Promise<FinalDecision | undefined> {
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
      case 'restore':
        await parts.restore(decision.clusterId);
        continue;
      case 'wait':
        await delay(waitedMs < firstMs ? firstPauseMs : pauseMs, undefined, parts).catch(
          () => undefined,
        );
    }
  }
  return undefined;
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
export function createSayer(log: BootstrapLog): (decision: BootstrapDecision) => void {
  let last = { sentence: '', atMs: 0 };
  return ({ do: decided, sentence }) => {
    const now = performance.now();
    if (sentence === last.sentence && now - last.atMs < repeatMs) return;
    last = { sentence, atMs: now };
    const fields = { why: sentence };
    if (decided === 'stop') log.error(words[decided], fields);
    else if (decided === 'wait' || decided === 'restore') log.warn(words[decided], fields);
    else log.info(words[decided], fields);
  };
}
