import type { EventOf } from '../../history.ts';
import { quoteFinal } from '../evidence.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

type Final = EventOf<'final'>;

/** L14. In the end every node is there, its databases are whole, and all copies are the same. */
export const equalCopies: Invariant = {
  id: 'L14',
  sentence: 'In the end all nodes have the same, whole database.',
  judge({ run, events }, tally) {
    const finals = events.final;
    if (finals.length === 0) return;
    for (const { id } of run.nodes) {
      if (finals.some((final) => final.node === id)) continue;
      tally.offend(`${id} could not be read in the end.`, [run]);
    }
    for (const final of finals) {
      tally.look();
      if (final.integrity !== 'ok') {
        tally.offend(`The database of ${final.node} is damaged.`, [
          quoteFinal(final, 'integrity', final.integrity),
        ]);
      }
      if (final.foreignKeyViolations > 0) {
        tally.offend(`Rows on ${final.node} point at rows that are not there.`, [
          quoteFinal(final, 'foreignKeyViolations', final.foreignKeyViolations),
        ]);
      }
    }
    for (const other of finals.slice(1)) compare(finals[0] as Final, other, tally);
  },
};

function compare(one: Final, other: Final, tally: Tally): void {
  for (const [what, read] of compared) {
    if (read(one) === read(other)) continue;
    tally.offend(`${one.node} and ${other.node} differ in their ${what}.`, [
      quoteFinal(one, what, read(one)),
      quoteFinal(other, what, read(other)),
    ]);
  }
}

const compared: readonly (readonly [string, (final: Final) => string | number])[] = [
  ['position', ({ position }) => `${position.txid}/${position.checksum}`],
  ['content', ({ contentHash }) => contentHash],
  ['epoch', ({ epoch }) => epoch],
];
