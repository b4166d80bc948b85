import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { GuardClient } from './guard-client.ts';
import { isLeaseSure } from './guard-view.ts';

/**
 * Stands between a primary and whoever asks it to write: open only while the guard of this machine says that nobody
 * else can hold the lease. LiteFS alone goes on as primary for minutes when Consul falls silent, while another node
 * takes the lease (docs/facts.md, "LiteFS waits for Consul without end").
 */
export class LeaseFence implements Disposable {
  readonly #guard: GuardClient;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #stopListening: readonly (() => void)[];

  constructor(options: {
    readonly guard: GuardClient;
    readonly cluster: Pick<Cluster, 'role' | 'onRole'>;
    readonly clock: Pick<Clock, 'monotonicMs'>;
  }) {
    const { guard, cluster, clock } = options;
    this.#guard = guard;
    this.#clock = clock;
    // What was asked last may be from before this node became primary: nobody should wait for the next time.
    const refreshIfClosed = () => {
      if (cluster.role().is === 'primary' && !this.isOpen) guard.refresh();
    };
    this.#stopListening = [cluster.onRole(refreshIfClosed), guard.onAnswer(refreshIfClosed)];
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stopListening) stop();
  }

  get isOpen(): boolean {
    const view = this.#guard.view();
    return view !== undefined && isLeaseSure(view, this.#clock.monotonicMs());
  }
}
