import type { World } from '../world/world.ts';
import type { Chance } from './chance.ts';
import type { FleetClient } from './fleet-client.ts';
import { hitNode } from './hits.ts';
import { LinkBook } from './link-book.ts';
import { createLostBookmarks } from './lost-bookmarks.ts';
import { probeWrites } from './probes.ts';
import { Session, type SharedWork } from './session.ts';

/** How much clients ask of the fleet: what two cores carry beside the fleet itself. */
const sessions = 8;
const sessionRestMs = 60;
const probeEveryMs = 40;
const hitRestMs = 25;
/** Links that nobody changes, whose clicks are counted. */
const steadyLinks = 120;

/** All clients of a run. */
export class Load {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #shared: SharedWork;

  constructor(world: World, client: FleetClient, chance: Chance) {
    this.#world = world;
    this.#chance = chance;
    let number = 0;
    let wanter = 0;
    this.#shared = {
      client,
      book: new LinkBook(),
      next: () => ++number,
      nextWanter: () => wanter++,
      lostBookmark: createLostBookmarks(world.fleetSecret, chance.child('bookmarks')),
    };
  }

  /** Makes the links that nobody changes. Throws when one cannot be made: nothing has gone wrong yet. */
  async prepare(): Promise<void> {
    const { client, book } = this.#shared;
    const [door] = client.edges;
    if (door === undefined) throw new Error('there is no edge');
    for (let number = 1; number <= steadyLinks; number++) {
      const destination = `https://example.com/steady/${number}/v1`;
      const idempotencyKey = `steady-${number}`;
      const { operation } = await client.do({
        ...{ proc: 'setup', op: 'create', key: null, door, method: 'POST' },
        path: '/api/v1/links',
        arg: { destination, idempotencyKey },
        headers: { 'Idempotency-Key': idempotencyKey },
        body: { destination },
      });
      if (operation.key === null) throw new Error(`a link cannot be made: ${operation.error}`);
      book.steady.push(operation.key);
    }
  }

  /** Goes on until `signal` aborts, and resolves when the last request has its answer. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, book } = this.#shared;
    const numbers = Array.from({ length: sessions }, (_, index) => index + 1);
    await Promise.all([
      ...numbers.map((number) => {
        const name = `session-${number}`;
        return new Session(name, this.#shared, this.#chance.child(name)).run(sessionRestMs, signal);
      }),
      ...this.#world.nodes.map((node) => {
        const proc = `visitor-${node.id}`;
        const chance = this.#chance.child(proc);
        return hitNode(node, { proc, client, book, chance, restMs: hitRestMs, signal });
      }),
      probeWrites(client, probeEveryMs, signal),
    ]);
  }
}
