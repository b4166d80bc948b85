import type { FaultWindow } from '../fault-window.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { isLookUp } from '../look-up.ts';
import type { Tally } from '../tally.ts';

/** O9. A node whose volume is empty is not primary, and denies no link, until it has caught up. */
export const emptyVolumeFollows: Invariant = {
  id: 'O9',
  sentence: 'A node with an empty volume serves and leads only once it has everything.',
  judge(history, tally) {
    for (const fault of history.faults) {
      if (fault.name === 'volume-wiped') judgeJoin(history, fault, tally);
    }
  },
};

function judgeJoin(history: History, fault: FaultWindow, tally: Tally): void {
  tally.look();
  const joins = ({ at, node }: { at: number; node: string }) =>
    fault.targets.includes(node) && at > fault.startAt && at <= fault.healAt;
  for (const primary of history.events.primary) {
    if (!joins(primary)) continue;
    tally.offend(`${primary.node} led with an empty volume.`, [fault.start, primary]);
  }
  for (const read of history.operations) {
    const node = history.nodeOf(read);
    if (node === undefined || !joins({ at: read.invokedAt, node })) continue;
    if (read.returnedAt > fault.healAt || !isLookUp(read)) continue;
    tally.look();
    const created = history.slugs
      .get(read.key)
      ?.findLastOk((write) => write.op !== 'delete' && write.returnedAt < fault.startAt);
    const isDenied = created && history.slugs.get(read.key)?.isOlder(null, created);
    if (read.value !== null || !isDenied || created.durability !== 'replicated') continue;
    tally.offend(`${node} denied a link while its volume was empty.`, [fault.start, created, read]);
  }
}
