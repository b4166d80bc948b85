import { isLoopback } from '../../../config.ts';
import type { Facts } from '../facts.ts';
import { ok, type Verdict, warn } from '../verdict.ts';

/** Strangers cannot list and create links, unless that is meant. */
export function checkAccess({ config }: Pick<Facts, 'config'>): Verdict[] {
  const { access, host, baseUrl } = config.http;
  if (access === 'keys') return [ok('whoever lists or writes needs a key (ACCESS=keys)')];
  // Behind a proxy on the same machine the host is loopback, and the origin tells.
  if (isLoopback(host) && isLoopback(new URL(baseUrl).hostname)) {
    return [ok('open, on this machine alone')];
  }
  return [
    warn(
      `everybody who reaches ${baseUrl} may list and create links (ACCESS=open)`,
      'set ACCESS=keys, unless you mean it',
    ),
  ];
}
