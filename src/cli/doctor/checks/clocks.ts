import type { Facts } from '../facts.ts';
import { ok, type Verdict, warn } from '../verdict.ts';

/** Nodes tell their time in whole seconds, and the way of an answer takes some of one. */
const toleranceMs = 2000;

/** The clocks of the nodes agree: links begin and end by the clock of the node that answers. */
export function checkClocks({ peers }: Pick<Facts, 'peers'>): Verdict[] {
  if (peers?.is !== 'asked') return [];
  const told = peers.nodes.flatMap(({ node, status }) =>
    status.is === 'answering' && status.clockOffsetMs !== undefined
      ? [{ node, offsetMs: status.clockOffsetMs }]
      : [],
  );
  if (told.length === 0) return [];
  const wrong = told.filter(({ offsetMs }) => Math.abs(offsetMs) > toleranceMs);
  if (wrong.length === 0) {
    return [
      ok(`no more than ${toleranceMs / 1000} s from ${told.map(({ node }) => node).join(', ')}`),
    ];
  }
  return wrong.map(({ node, offsetMs }) =>
    warn(
      `the clock of ${node} is ${Math.round(Math.abs(offsetMs) / 1000)} s ${offsetMs > 0 ? 'ahead of' : 'behind'} this one`,
      'run a time service on both: links begin and end by the clock of the node that answers',
    ),
  );
}
