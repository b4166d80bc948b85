import type { FaultName } from '../../fault-name.ts';
import type { EventOf } from '../../history.ts';
import { touches } from '../fault-window.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

/** An election and a start on busy cores may last this long after a fault was healed. */
const recoveryMs = 5_000;

/**
 * Nothing panics and no rejection goes unhandled, ever. LiteFS ends with 99 only where its disk is full. Other errors
 * are said, and requests answered with 5xx, only in the time of a fault.
 */
export const cleanLogs: Invariant = {
  id: 'logs',
  sentence: 'Nothing crashes by itself, and nothing fails where nothing is wrong.',
  judge(history, tally) {
    for (const log of history.events.log) {
      if (log.kind === 'alarm') continue;
      tally.look();
      const isExcused = isFault(history, log, excuses(log.kind));
      if (!isExcused) tally.offend(`${log.node} said: ${log.text}`, [log]);
    }
    for (const exit of history.events.exit) {
      tally.look();
      if (exit.code === 99 && !isFault(history, exit, excuses('exit-99'))) {
        tally.offend(`The ${exit.process} of ${exit.node} ended with 99.`, [exit]);
      }
    }
    findServerErrors(history, tally);
  },
};

/** The faults in whose time such a line is no offence: all, or these. */
function excuses(kind: EventOf<'log'>['kind']): ReadonlySet<FaultName> | 'all' {
  switch (kind) {
    case 'panic':
    case 'exit-99':
      return new Set(['disk-full-data']);
    case 'unhandled-rejection':
      return new Set();
    case 'fatal':
    case 'error':
    case 'alarm':
      return 'all';
  }
}

function isFault(
  { faults }: History,
  event: { readonly at: number },
  names: ReadonlySet<FaultName> | 'all',
): boolean {
  return faults.some(
    (fault) =>
      (names === 'all' || names.has(fault.name)) && touches(fault, event.at, event.at, recoveryMs),
  );
}

function findServerErrors(history: History, tally: Tally): void {
  for (const operation of history.operations) {
    const { status, invokedAt, returnedAt } = operation;
    tally.look();
    if (status === undefined || status < 500) continue;
    const isExcused = history.faults.some((fault) =>
      touches(fault, invokedAt, returnedAt, recoveryMs),
    );
    if (!isExcused) {
      tally.offend(`A request was answered with ${status}, and nothing was wrong.`, [operation]);
    }
  }
}
