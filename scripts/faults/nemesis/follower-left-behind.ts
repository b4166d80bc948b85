import { cutOff } from '../world/firewall.ts';
import type { WorldNode } from '../world/world.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';
import { writeOnce } from './write-once.ts';

const name = 'left-behind';
/** The new primary has nothing of what is written in this time. */
const aloneMs = 600;

/** A link at a node, and how to ask for it. */
interface Moved {
  readonly proc: string;
  readonly slug: string;
}

/**
 * The candidates are cut from each other, the primary is killed, and the replica, which has its last writes, is cut from the
 * new primary. So its txid is higher than that of the new primary, and its epoch is older: what the new primary writes is not
 * there, whatever its txid says. Links are changed at the new primary and read there, with their bookmarks.
 */
export const followerLeftBehind: Fault = {
  name: 'follower-left-behind',
  losesPrimary: true,
  async prepare(stage) {
    const victim = await stage.primary();
    const heir = stage.otherCandidate(victim);
    const follower = stage.replica();
    const made = await Promise.all([1, 2, 3, 4].map((number) => make(stage, victim, number)));
    const links = made.filter((link) => link !== undefined);
    return {
      targets: [victim.id, follower.id],
      async start() {
        // The mark stays where it is, so that the new primary is not behind it.
        stage.signal(victim, 'guard', 'SIGSTOP');
        const cut = cutOff(victim.namespace.address, follower.namespace.address);
        await heir.namespace.firewall.set(name, cut);
        const aloneUntil = stage.journal.now() + aloneMs;
        for (let number = 0; stage.journal.now() < aloneUntil; number++) {
          await make(stage, victim, number);
        }
        await stage.kill(victim);
        await stage.world.lease.destroySession();
        await stage.untilReplaced(victim);
        await Promise.all(links.map((link) => changeAndRead(stage, heir, follower, link)));
      },
      async heal() {
        await heir.namespace.firewall.clear(name);
        await stage.bringUp(victim);
        await stage.world.untilSettled();
      },
    };
  },
};

async function make(stage: Stage, node: WorldNode, number: number): Promise<Moved | undefined> {
  const proc = `left-behind-${Math.round(stage.journal.now())}-${number}`;
  const { key } = await writeOnce(stage, { door: stage.client.doorOf(node), proc, name: proc });
  return key === null ? undefined : { proc, slug: key };
}

/** Changes a link at one node and reads it at the other one's edge, with the bookmark of the change. */
async function changeAndRead(
  stage: Stage,
  heir: WorldNode,
  follower: WorldNode,
  { proc, slug }: Moved,
): Promise<void> {
  const { client } = stage;
  const destination = `https://example.com/${proc}/v2`;
  const path = `/api/v1/links/${slug}`;
  const changed = await client.do({
    ...{ proc, op: 'update', key: slug, method: 'PATCH', path },
    door: client.doorOf(heir),
    ...{ arg: { destination }, body: { destination } },
  });
  const { epoch, txid } = changed.operation;
  const text = changed.answer?.headers['hoplite-bookmark'];
  const door = client.edges.find((edge) => edge.name === follower.process.plan.region);
  if (epoch === undefined || txid === undefined || door === undefined) return;
  await client.do({
    ...{ proc, op: 'get', key: slug, door, path },
    arg: { bookmark: { epoch, txid } },
    headers: { 'Hoplite-Bookmark': String(text) },
  });
}
