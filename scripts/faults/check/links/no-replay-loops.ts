import type { Invariant } from '../invariant.ts';

/** L7. The edge replays a request at most once; whoever cannot serve it then says when to try again. */
export const noReplayLoops: Invariant = {
  id: 'L7',
  sentence: 'A request is replayed at most once; then it is refused with a time to try again.',
  judge({ operations }, tally) {
    for (const operation of operations) {
      const { replays, status, retryAfter } = operation;
      if (replays === undefined) continue;
      tally.look();
      if (replays > 1) {
        tally.offend(`A request was replayed ${replays} times.`, [operation]);
      } else if (replays === 1 && status === 503 && retryAfter === false) {
        tally.offend('A replayed request was refused without a time to try again.', [operation]);
      }
    }
  },
};
