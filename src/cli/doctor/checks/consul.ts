import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** Consul, which names the primary, can be reached and has a leader. */
export function checkConsul({ consul, env }: Pick<Facts, 'consul' | 'env'>): Verdict[] {
  if (consul === undefined) return [];
  switch (consul.is) {
    case 'unset':
      return [
        env.FLY_APP_NAME
          ? fail(
              'FLY_CONSUL_URL is not set, so no node can become primary',
              'run "fly consul attach", then look for it with "fly secrets list"',
            )
          : warn(
              'Consul was not asked',
              "set CONSUL_URL to where this node's LiteFS finds it (lease.consul.url)",
            ),
      ];
    case 'not a URL':
      return [
        fail(
          `${consul.variable} is not the URL of a Consul`,
          'set it to http://HOST:8500, or https://:TOKEN@HOST/PREFIX',
        ),
      ];
    case 'silent':
      return [
        fail(
          `Consul does not answer at ${consul.origin}: ${consul.why}`,
          'until it does, redirects go on and no primary can be elected',
        ),
      ];
    case 'answering':
      return [judgeAnswer(consul)];
  }
}

function judgeAnswer(consul: {
  readonly origin: string;
  readonly status: number;
  readonly hasLeader: boolean;
}): Verdict {
  const { origin, status, hasLeader } = consul;
  if (status === 200 && hasLeader) return ok(`Consul answers at ${origin}, and has a leader`);
  if (status === 200 || status === 500) {
    return fail(
      `Consul at ${origin} has no leader`,
      'bring a majority of its servers back; until then no primary can be elected',
    );
  }
  return warn(
    `Consul at ${origin} answers ${status} when it is asked for its leader`,
    'look whether the token of its URL is still valid',
  );
}
