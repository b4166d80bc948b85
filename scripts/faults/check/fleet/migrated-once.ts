import { quoteFinal } from '../evidence.ts';
import type { Invariant } from '../invariant.ts';

/** O6. In the end each migration has been applied once, the same ones everywhere, with the same schema. */
export const migratedOnce: Invariant = {
  id: 'O6',
  sentence: 'A migration is applied exactly once.',
  judge({ events, faults }, tally) {
    if (!faults.some(({ name }) => name === 'rolling-deploy')) return;
    const [first] = events.final;
    for (const final of events.final) {
      tally.look(final.migrations.length);
      const names = final.migrations.map((migration) => migration.split(' ')[0] as string);
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined) {
        tally.offend(`${final.node} has applied ${twice} twice.`, [
          quoteFinal(final, 'migrations', twice),
        ]);
      }
      if (first === undefined) continue;
      const [one, other] = [first, final].map(({ migrations }) => migrations.join(', '));
      if (one !== other) {
        tally.offend(`${first.node} and ${final.node} have applied different migrations.`, [
          quoteFinal(first, 'migrations', one as string),
          quoteFinal(final, 'migrations', other as string),
        ]);
      } else if (first.schemaHash !== final.schemaHash) {
        tally.offend(`${first.node} and ${final.node} have different schemas.`, [
          quoteFinal(first, 'schema', first.schemaHash),
          quoteFinal(final, 'schema', final.schemaHash),
        ]);
      }
    }
  },
};
