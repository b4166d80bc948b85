import { type EdgeClock, wait } from './edge-clock.ts';
import type { Faults } from './faults.ts';
import { type LatencyTable, oneWayMs } from './latency-table.ts';

/** The way between the edge of one region and one node, with its latency and faults. */
export interface Link {
  readonly region: string;
  readonly node: string;
  /** How long anything takes in one direction at the moment, in milliseconds. */
  oneWayMs(): number;
  /** `silent` lets nothing pass, `refusing` answers every packet with a reset. */
  state(): 'open' | 'silent' | 'refusing';
  /** Calls `listener` after each change of a fault. Returns the way to stop. */
  onChange(listener: () => void): () => void;
}

/** The link from the edge in `region` to a node; without a latency table it costs only what faults add. */
export function linkTo(
  node: { readonly id: string; readonly region: string },
  region: string,
  faults: Faults,
  latency: LatencyTable | undefined,
): Link {
  const baseMs = latency === undefined ? 0 : (oneWayMs(latency, region, node.region) ?? 0);
  return {
    region,
    node: node.id,
    oneWayMs: () => baseMs + faults.delayMs(region, node.id),
    state() {
      const state = faults.state(node.id);
      if (state === 'unreachable' || faults.isPartitioned(region, node.id)) return 'silent';
      return state === 'stopped' ? 'refusing' : 'open';
    },
    onChange: (listener) => faults.onChange(listener),
  };
}

/** Resolves when something sent now has arrived at the other end; rejects with the signal's reason. */
export async function cross(link: Link, clock: EdgeClock, signal: AbortSignal): Promise<void> {
  await wait(clock, link.oneWayMs(), signal);
  while (link.state() === 'silent') await nextChange(link, signal);
}

function nextChange(link: Link, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => {
      stop();
      reject(signal.reason);
    };
    const stop = link.onChange(() => {
      stop();
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}
