import type { Environment } from '../../context.ts';
import { describeSilence } from '../../send-request.ts';

/** What Consul says of itself. Never holds its token. */
export type ConsulFacts =
  | { readonly is: 'unset' }
  | { readonly is: 'not a URL'; readonly variable: string }
  | { readonly is: 'silent'; readonly origin: string; readonly why: string }
  | {
      readonly is: 'answering';
      readonly origin: string;
      readonly status: number;
      /** Whether the servers have elected one of them, without which they grant no lease. */
      readonly hasLeader: boolean;
    };

const variables = ['CONSUL_URL', 'FLY_CONSUL_URL'] as const;
const timeoutMs = 3000;

/**
 * Asks the Consul that LiteFS uses for its leader. The token is the password of the URL, as LiteFS reads it
 * (`consul/consul.go`), and goes into a header. It is a UUID,
 * which a URL leaves as it is.
 */
export async function observeConsul(env: Environment): Promise<ConsulFacts> {
  const variable = variables.find((name) => env[name]);
  if (variable === undefined) return { is: 'unset' };
  const url = URL.parse(env[variable] ?? '');
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return { is: 'not a URL', variable };
  }
  const { origin } = url;
  try {
    const answer = await fetch(`${origin}/v1/status/leader`, {
      headers: url.password === '' ? {} : { 'X-Consul-Token': url.password },
      signal: AbortSignal.timeout(timeoutMs),
    });
    // The leader's address as a JSON string; an empty one while there is none.
    const leader = (await answer.text()).replaceAll(/["\s]/g, '');
    return { is: 'answering', origin, status: answer.status, hasLeader: leader !== '' };
  } catch (error) {
    return { is: 'silent', origin, why: describeSilence(error, timeoutMs) };
  }
}
