import { createBookmarkText } from '../../../src/cluster/bookmark-text.ts';
import { deriveKey } from '../../../src/cluster/fleet-key.ts';
import { epochTagLength } from '../../../src/domain/epoch-tag.ts';
import type { Txid } from '../../../src/domain/position.ts';
import type { Chance } from './chance.ts';
import type { KeptBookmark } from './session.ts';

/** Far beyond what any node has: who would wait for it would wait in vain. */
const lostTxid = '00000000ffffffff' as Txid;

/**
 * Makes bookmarks as a failover leaves them behind that lost the row of an epoch: of an epoch that there is, begun by
 * somebody else. They are signed with the fleet's key, because the fleet gave them out once.
 */
export function createLostBookmarks(
  fleetSecret: string,
  chance: Chance,
): (like: KeptBookmark | undefined) => KeptBookmark | undefined {
  const text = createBookmarkText([deriveKey(fleetSecret, 'bookmark')]);
  return (like) => {
    const epoch = like?.point?.epoch;
    if (epoch === undefined) return undefined;
    const epochTag = chance
      .whole(2 ** 32)
      .toString(16)
      .padStart(epochTagLength, '0');
    return {
      text: text.format({ epoch, epochTag, txid: lostTxid }),
      point: { epoch, txid: lostTxid, lost: true },
    };
  };
}
