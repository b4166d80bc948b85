import type { Invariant } from '../invariant.ts';

/** O10. Whatever Consul or a volume forgets, there is one cluster id, the first one. */
export const oneCluster: Invariant = {
  id: 'O10',
  sentence: 'Nothing ever founds a second cluster.',
  judge({ run, events, faults }, tally) {
    const [first, ...others] = events.clusterId;
    const forgotten = faults.find(({ name }) => name === 'consul-wiped' || name === 'volume-wiped');
    if (first === undefined || forgotten === undefined) return;
    const known = run.clusterId ?? first.id;
    for (const each of run.clusterId === undefined ? others : events.clusterId) {
      if (each.at < forgotten.startAt) continue;
      tally.look();
      if (each.id === known) continue;
      tally.offend(`${each.holder} has another cluster id.`, [
        run.clusterId === undefined ? first : run,
        each,
      ]);
    }
  },
};
