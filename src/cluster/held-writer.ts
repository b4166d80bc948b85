import type { Cluster } from '../domain/cluster.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import type { WriteHold } from '../domain/write-hold.ts';
import type { WriterSource } from '../domain/writer.ts';

/**
 * The writer for requests that passed the gate before the lease began to move: their writes are held like those at the
 * gate. When the lease has gone meanwhile they reject with `NotPrimary`, which sends the request to the new primary.
 */
export function holdWrites(options: {
  readonly cluster: Pick<Cluster, 'role'>;
  readonly writers: WriterSource & { readonly isOpen: boolean };
  readonly hold: WriteHold;
}): WriterSource {
  const { cluster, writers, hold } = options;
  return {
    writer() {
      if (writers.isOpen || cluster.role().is === 'replica') return writers.writer();
      return {
        async run(name, input) {
          if ((await hold.findWay()) === 'primary') throw new NotPrimary();
          return writers.writer().run(name, input);
        },
      };
    },
  };
}
