import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict } from '../verdict.ts';

/** This node is primary, or follows one. */
export function checkRole({
  litefs,
  mount,
  config,
}: Pick<Facts, 'litefs' | 'mount' | 'config'>): Verdict[] {
  if (litefs === undefined) return [ok('alone, and so always primary')];
  if (litefs.is === 'silent') return [];
  const { isPrimary, isCandidate, hostname } = litefs;
  if (isPrimary) return [ok('primary')];
  // NOTE: LiteFS names this very node while Consul still holds the lease of its last run.
  const primary = hostname === config.node.id ? undefined : hostname;
  const place = isCandidate ? 'a candidate, which may become primary' : 'no candidate';
  const hasDatabase = mount?.reading?.is === 'readable' && mount.reading.position !== undefined;
  if (primary !== undefined && hasDatabase) return [ok(`replica of ${primary}; ${place}`)];
  if (primary !== undefined) {
    return [
      fail(
        `joining: ${primary} is the primary, but there is no copy of the links yet; ${place}`,
        `wait for the copy, and look whether LiteFS here reaches that of ${primary}`,
      ),
    ];
  }
  return [
    fail(
      hasDatabase
        ? `detached: no primary is known; links that are here redirect, writes fail; ${place}`
        : `joining: there is neither a copy of the links nor a primary; ${place}`,
      'look at Consul and at the candidates; one becomes primary within 20 s when it can',
    ),
  ];
}
