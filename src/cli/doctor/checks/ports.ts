import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isLoopback } from '../../../config.ts';
import { isPrivateAddress } from '../../../domain/private-address.ts';
import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** Where LiteFS listens in the image unless something else is said. */
const defaultLiteFsAddress = ':20202';

/** The ports that are not for the public do not listen where the public is, as far as this machine can tell. */
export function checkPorts({
  config,
  env,
  addresses,
}: Pick<Facts, 'config' | 'env' | 'addresses'>): Verdict[] {
  const { privateHost, privatePort } = config.http;
  const isFly = Boolean(env.FLY_APP_NAME);
  const open = isFly ? [] : addresses.filter((address) => isPublic(address));
  const privateVerdict = judge(`the private port ${privatePort}`, reachOf(privateHost, open), {
    explicit: 'set PRIVATE_HOST to an address of the private network',
    wildcard: warn,
  });
  if (config.fleet === undefined) return [privateVerdict];

  const litefsAddress = env.LITEFS_HTTP_ADDR || (isFly ? defaultLiteFsAddress : undefined);
  if (litefsAddress === undefined) return [privateVerdict];
  const host = litefsAddress.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1') || '::';
  return [
    privateVerdict,
    // Whoever reaches this one can replace a database, so it must not even depend on a firewall.
    judge('the port of LiteFS', reachOf(host, open), {
      explicit: 'set LITEFS_HTTP_ADDR to an address of the private network, at once',
      wildcard: fail,
    }),
  ];
}

/** Who a listener can be reached by. */
type Reach =
  | { readonly is: 'loopback' | 'private' | 'name'; readonly host: string }
  | { readonly is: 'public'; readonly host: string }
  | { readonly is: 'every address'; readonly open: readonly string[] };

function reachOf(host: string, open: readonly string[]): Reach {
  if (host === '0.0.0.0' || host === '::') {
    return { is: 'every address', open: host === '::' ? open : open.filter(isIPv4) };
  }
  if (isLoopback(host)) return { is: 'loopback', host };
  if (isIP(host) === 0) return { is: 'name', host };
  return { is: isPublic(host) ? 'public' : 'private', host };
}

function judge(
  port: string,
  reach: Reach,
  words: { readonly explicit: string; readonly wildcard: typeof fail },
): Verdict {
  switch (reach.is) {
    case 'loopback':
    case 'private':
    case 'name':
      return ok(`${port} listens on ${reach.host} alone`);
    case 'public':
      return fail(`${port} listens on the public address ${reach.host}`, words.explicit);
    case 'every address':
      return reach.open.length === 0
        ? ok(`${port} listens on every address, none of which is seen to be public`)
        : words.wildcard(
            `${port} listens on every address, ${reach.open.join(', ')} too, which ${reach.open.length === 1 ? 'is' : 'are'} public`,
            words.explicit,
          );
  }
}

function isPublic(address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  return isIP(bare) !== 0 && !isPrivateAddress(isIPv6(bare) ? `[${bare}]` : bare);
}
