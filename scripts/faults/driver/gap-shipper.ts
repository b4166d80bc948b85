import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeDelivery, parseAnswer } from '../../../src/clicks/shipping/delivery.ts';
import { createFleetAuth, type FleetAuth } from '../../../src/cluster/fleet-auth.ts';
import type { ProducerId } from '../../../src/domain/click-cursor.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { sealBatch } from '../../../test/support/sealed-batch.ts';
import type { World, WorldNode } from '../world/world.ts';
import { type Answer, ask } from './ask.ts';
import type { Journal } from './journal.ts';

const everyMs = 2_000;
const timeoutMs = 2_000;
/** Of nobody's spool: none of its batches may ever be counted. */
const producer = 'fa'.repeat(16) as ProducerId;

/** Hands the primary batches of a made-up producer that come too early. */
export class GapShipper {
  readonly #journal: Journal;
  readonly #findPrimary: () => WorldNode | undefined;
  readonly #auth: FleetAuth;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(world: World, journal: Journal, findPrimary: () => WorldNode | undefined) {
    this.#journal = journal;
    this.#findPrimary = findPrimary;
    this.#auth = createFleetAuth({
      secrets: [world.fleetSecret],
      node: 'driver',
      clock: systemClock,
      random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    });
  }

  /** One now and then, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const primary = this.#findPrimary();
      if (primary !== undefined) await this.#shipGap(primary);
      await delay(everyMs);
    }
    this.#agent.destroy();
  }

  async #shipGap(primary: WorldNode): Promise<void> {
    const asked = await this.#send(primary, 0, []);
    const said = asked === undefined ? undefined : parseAnswer(asked.body);
    if (said === undefined) return;
    const seq = said.expected + 2;
    const batch = sealBatch({ producer, seq, ticks: [{ clicks: [{ linkId: 1 }] }] });
    const invokedAt = this.#journal.now();
    const answer = await this.#send(primary, said.epoch, [batch]);
    const expected = answer === undefined ? undefined : parseAnswer(answer.body)?.expected;
    this.#journal.operation({
      ...{ proc: 'shipper', op: 'ship', key: null, via: primary.id, node: primary.id },
      arg: { direct: true, seq, expectedSeq: said.expected },
      invokedAt,
      returnedAt: this.#journal.now(),
      type: toType(answer?.status),
      ...(answer !== undefined && { status: answer.status }),
      ...(expected !== undefined && { value: expected }),
    });
  }

  /** `undefined` when there is no answer. */
  async #send(
    primary: WorldNode,
    epoch: number,
    batches: readonly Uint8Array[],
  ): Promise<Answer | undefined> {
    const body = encodeDelivery({ producer, epoch, isTrial: false, batches });
    const path = '/clicks';
    try {
      return await ask(`${primary.process.privateUrl}${path}`, {
        method: 'POST',
        headers: this.#auth.sign({ method: 'POST', path, to: primary.id, body }),
        ...{ body, timeoutMs, agent: this.#agent },
      });
    } catch (error) {
      if (error instanceof Error) return undefined;
      throw error;
    }
  }
}

function toType(status: number | undefined): 'ok' | 'fail' | 'unknown' {
  if (status === undefined || status >= 500) return 'unknown';
  return status < 300 ? 'ok' : 'fail';
}
