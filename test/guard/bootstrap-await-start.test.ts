import { expect, test } from 'vitest';
import { awaitStart, exitCodeAfter } from '../../src/guard/bootstrap/await-start.ts';
import type { BootstrapDecision } from '../../src/guard/bootstrap/decision.ts';
import { LeadPermit } from '../../src/guard/bootstrap/lead-permit.ts';
import { RestoreFailed } from '../../src/guard/bootstrap/snapshots.ts';
import { eventually } from '../support/eventually.ts';

const wait: BootstrapDecision = { do: 'wait', sentence: 'Consul is away.' };
const start: BootstrapDecision = { do: 'start', sentence: 'All is well.' };
const restore: BootstrapDecision = { do: 'restore', clusterId: 'LFSC1', sentence: 'From Monday.' };
const stop: BootstrapDecision = { do: 'stop', exitCode: 78, sentence: 'Of another.' };

/** Gives the decisions one after another, and then the last one for ever. */
function oneByOne(...decisions: readonly BootstrapDecision[]) {
  let asked = 0;
  const decide = async () =>
    decisions[Math.min(asked++, decisions.length - 1)] as BootstrapDecision;
  return { decide, asked: () => asked };
}

function keepLog() {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      lines.push(`${level} ${message}: ${fields.why ?? fields.err}`);
    };
  return { lines, log: { info: at('info'), warn: at('warn'), error: at('error') } };
}

test('what is waited for is said once, until something else is the case', async () => {
  const { lines, log } = keepLog();
  const { decide, asked } = oneByOne(
    wait,
    wait,
    wait,
    { ...wait, sentence: 'b has links.' },
    start,
  );
  const signal = new AbortController().signal;
  const restoreNothing = () => Promise.reject(new Error('not asked for'));
  expect(await awaitStart({ decide, restore: restoreNothing, log, signal })).toEqual({
    do: 'start',
  });
  expect(asked()).toBe(5);
  expect(lines).toEqual([
    'warn not starting LiteFS yet: Consul is away.',
    'warn not starting LiteFS yet: b has links.',
    'info starting LiteFS: All is well.',
  ]);
});

test('a backup is put ready, and then looked again', async () => {
  const { lines, log } = keepLog();
  const restored: (string | undefined)[] = [];
  const decision = await awaitStart({
    decide: oneByOne(restore, stop).decide,
    restore: async (clusterId) => void restored.push(clusterId),
    log,
    signal: new AbortController().signal,
  });
  expect(decision).toEqual({ do: 'stop', exitCode: 78 });
  expect(restored).toEqual(['LFSC1']);
  expect(lines).toEqual([
    'warn restoring a backup before starting LiteFS: From Monday.',
    'error not starting LiteFS: Of another.',
  ]);
});

test('a backup that cannot be restored starts nothing, and a signal ends the waiting', async () => {
  const { lines, log } = keepLog();
  const end = new AbortController();
  const waiting = awaitStart({
    decide: oneByOne(restore, restore, start).decide,
    restore: () => Promise.reject(new Error('it is damaged')),
    log,
    signal: end.signal,
  });
  await eventually(() =>
    expect(lines).toContain(
      'error the backup cannot be restored, and nothing starts without it: it is damaged',
    ),
  );
  end.abort();
  expect(await waiting).toBeUndefined();
  expect(lines.join()).not.toContain('starting LiteFS: All is well.');
});

test('a restore that is refused because another candidate was first is no failure', async () => {
  const { lines, log } = keepLog();
  const joined: BootstrapDecision = { do: 'start as replica only', sentence: 'b has links.' };
  const decision = await awaitStart({
    decide: oneByOne(restore, joined).decide,
    restore: () => Promise.reject(new RestoreFailed(1)),
    log,
    signal: new AbortController().signal,
  });
  expect(decision).toEqual({ do: 'start as replica only' });
  expect(lines).toEqual([
    'warn restoring a backup before starting LiteFS: From Monday.',
    'info starting LiteFS as a replica only: b has links.',
  ]);
});

test('a node ends with its own code where no backup can be restored', async () => {
  const { lines, log } = keepLog();
  const { decide, asked } = oneByOne(restore, start);
  const decision = await awaitStart({
    decide,
    restore: () => Promise.reject(new RestoreFailed(65)),
    log,
    signal: new AbortController().signal,
  });
  expect(decision).toEqual({ do: 'stop', exitCode: 65 });
  expect(asked()).toBe(1);
  expect(lines.at(-1)).toContain('"hoplite rebuild" ended with 65');
});

test.each<[code: number | null, waitedMs: number, ends: number | undefined]>([
  [65, 0, 65],
  [75, 59_999, undefined],
  [75, 60_000, 75],
  // Of a file that was refused, of a crash, of a signal.
  [1, 1e9, undefined],
  [137, 1e9, undefined],
  [null, 1e9, undefined],
])('a restore that ended with %s after %i ms ends the node with %s', (code, waitedMs, ends) => {
  expect(exitCodeAfter(new RestoreFailed(code), waitedMs)).toBe(ends);
});

test('a node that joined may lead once it may, and is not asked again', async () => {
  const { lines, log } = keepLog();
  const joined: BootstrapDecision = { do: 'start as replica only', sentence: 'No links yet.' };
  const { decide, asked } = oneByOne(joined, joined, wait, start);
  await using permit = new LeadPermit({ mayLead: false, decide, log });
  await eventually(() => expect(asked()).toBe(2));
  expect(permit.mayLead).toBe(false);
  await eventually(() => expect(permit.mayLead).toBe(true));
  expect(asked()).toBe(4);
  expect(lines).toEqual([
    'info must not lead yet: No links yet.',
    'warn must not lead yet: Consul is away.',
    'info may lead from now on: All is well.',
  ]);
});
