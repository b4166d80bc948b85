import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict } from '../verdict.ts';

/** LiteFS answers, and knows this node under its own name, by which writes are sent to it. */
export function checkLiteFs({ litefs, config }: Pick<Facts, 'litefs' | 'config'>): Verdict[] {
  if (litefs === undefined) return [];
  const { url } = litefs;
  if (litefs.is === 'silent') {
    return [
      fail(
        `LiteFS does not answer at ${url}: ${litefs.why}`,
        'look at its log; LITEFS_URL is where http.addr of litefs.yml listens',
      ),
    ];
  }
  const { id } = config.node;
  // LiteFS tells its own name only while it is primary.
  if (litefs.isPrimary && litefs.hostname !== id) {
    return [
      fail(
        `LiteFS calls this node ${litefs.hostname}, but NODE_ID is ${id}: writes find no way here`,
        'set NODE_ID to lease.hostname of litefs.yml',
      ),
    ];
  }
  return [ok(`LiteFS answers at ${url}${litefs.isPrimary ? `, as ${id}` : ''}`)];
}
