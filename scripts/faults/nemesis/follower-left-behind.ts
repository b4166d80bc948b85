import { cutOff } from '../world/firewall.ts';
import type { WorldNode } from '../world/world.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const name = 'left-behind';
/** As long as the mark in Consul may lag: the new primary must not be behind it. */
const aloneMs = 400;

/**
 * The candidates are cut from each other, the primary is killed, and the replica, which has its last writes, is cut from the
 * new primary. So its txid is higher than that of the new primary, and its epoch is older: a link made at the new primary is
 * not there, whatever its txid says. It is asked for such links, with their bookmarks.
 */
export const followerLeftBehind: Fault = {
  name: 'follower-left-behind',
  losesPrimary: true,
  async prepare(stage) {
    const victim = await stage.primary();
    const heir = stage.otherCandidate(victim);
    const follower = stage.replica();
    return {
      targets: [victim.id, follower.id],
      async start() {
        await heir.namespace.firewall.set(
          name,
          cutOff(victim.namespace.address, follower.namespace.address),
        );
        await stage.hold(aloneMs);
        await stage.kill(victim);
        await stage.world.lease.destroySession();
        await stage.untilReplaced(victim);
        for (let number = 0; number < 10; number++) await readBack(stage, heir, follower, number);
      },
      async heal() {
        await heir.namespace.firewall.clear(name);
        await stage.bringUp(victim);
        await stage.world.untilSettled();
      },
    };
  },
};

/** Makes a link at one node and reads it at the other one's edge, with the bookmark. */
async function readBack(
  stage: Stage,
  heir: WorldNode,
  follower: WorldNode,
  number: number,
): Promise<void> {
  const { client } = stage;
  const id = `left-behind-${Math.round(stage.journal.now())}-${number}`;
  const destination = `https://example.com/${id}`;
  const made = await client.do({
    ...{ proc: id, op: 'create', key: null, method: 'POST', path: '/api/v1/links' },
    door: client.doorOf(heir),
    arg: { destination, idempotencyKey: id },
    headers: { 'Idempotency-Key': id },
    body: { destination },
  });
  const { key, epoch, txid } = made.operation;
  const text = made.answer?.headers['hoplite-bookmark'];
  const door = client.edges.find((edge) => edge.name === follower.process.plan.region);
  if (key === null || epoch === undefined || txid === undefined || door === undefined) return;
  await client.do({
    ...{ proc: id, op: 'get', key, door, path: `/api/v1/links/${key}` },
    arg: { bookmark: { epoch, txid } },
    headers: { 'Hoplite-Bookmark': String(text) },
  });
}
