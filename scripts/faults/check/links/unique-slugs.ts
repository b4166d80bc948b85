import type { Operation } from '../../history.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { leaves } from '../slug-history.ts';
import type { Tally } from '../tally.ts';

/**
 * L12. Of all who create one slug one wins, until the link is deleted. Only a local link that a new primary lost makes
 * room for a second winner. Nobody is told that a slug is taken that nobody can have.
 */
export const uniqueSlugs: Invariant = {
  id: 'L12',
  sentence: 'A slug has one owner, however many want it at once.',
  judge(history, tally) {
    for (const writes of history.slugs.values()) {
      const creates = writes.writes.filter(isCreate);
      tally.look(creates.length);
      const deletes = writes.writes.filter((write) => write.op === 'delete');
      compareWinners(history, creates, deletes, tally);
    }
    findNeverTaken(history, tally);
  },
};

function isCreate(write: Operation): boolean {
  return write.op === 'create' || write.op === 'createCustom' || write.op === 'recreate';
}

function compareWinners(
  history: History,
  creates: readonly Operation[],
  deletes: readonly Operation[],
  tally: Tally,
): void {
  const winners = creates
    .filter((create) => create.type === 'ok')
    .sort((one, other) => one.returnedAt - other.returnedAt);
  winners.slice(1).forEach((winner, index) => {
    const former = winners[index] as Operation;
    if (leaves(former) === leaves(winner)) return;
    const wasFreed = deletes.some(
      (each) => each.invokedAt <= winner.returnedAt && each.returnedAt >= former.invokedAt,
    );
    if (wasFreed) return;
    const mayBeLost = former.durability !== 'replicated';
    if (mayBeLost && history.hasNewPrimary(former.invokedAt, winner.returnedAt)) return;
    tally.offend(`The slug ${winner.key} was given to two.`, [former, winner]);
  });
}

/** Slugs that are refused as taken (409) although no create of them can have taken effect. */
function findNeverTaken({ slugs, writes }: History, tally: Tally): void {
  for (const refused of writes) {
    const { op, type, status, key } = refused;
    if (op !== 'createCustom' || type !== 'fail' || status !== 409 || key === null) continue;
    tally.look();
    const taken = slugs
      .get(key)
      ?.writes.some((write) => isCreate(write) && write.invokedAt <= refused.returnedAt);
    if (!taken) tally.offend(`The slug ${key} is taken, and nobody has it.`, [refused]);
  }
}
