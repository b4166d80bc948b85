import type { ProducerId } from '../../domain/click-cursor.ts';
import { makeProducer, type ProducerIdentity } from './producer-identity.ts';
import type { SpoolOptions } from './spool-options.ts';
import { SpoolProducer } from './spool-producer.ts';

/** Makes the producers of this node. */
export class ProducerMaker {
  readonly #options: Pick<SpoolOptions, 'files' | 'random' | 'node'>;
  /** Of the next one. */
  generation = 1;
  #next: ProducerId | undefined;

  constructor(options: Pick<SpoolOptions, 'files' | 'random' | 'node'>) {
    this.#options = options;
  }

  /**
   * A new producer with a folder of its own. Rejects with the system's error; every attempt is for the same folder, so
   * that a disk that refuses has one and not many.
   */
  async make(takesOver?: ProducerIdentity['takesOver']): Promise<SpoolProducer> {
    const { files, random, node } = this.#options;
    this.#next ??= Buffer.from(random.bytes(16)).toString('hex') as ProducerId;
    const producer = this.#next;
    await makeProducer(files, { producer, generation: this.generation, node, takesOver });
    this.#next = undefined;
    this.generation += 1;
    return new SpoolProducer(producer);
  }
}
