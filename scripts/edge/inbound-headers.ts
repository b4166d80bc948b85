import { withoutHopByHop } from './hop-by-hop.ts';
import type { Knobs } from './knobs.ts';
import {
  headerValue,
  headerValues,
  type RawHeaders,
  withHeaders,
  withoutHeaders,
} from './raw-headers.ts';
import { replayRequestHeaders } from './replay-source.ts';

/** What the edge knows of a request beside its header fields. */
export interface Arrival {
  readonly region: string;
  readonly clientAddress: string;
  /** The port that the client connected to. */
  readonly port: number;
  readonly requestId: string;
  readonly receivedMs: number;
  readonly httpVersion: string;
}

/**
 * The header fields of a request as a node gets them (docs/facts.md, "What Fly does with headers"): what Fly sets
 * is overwritten, the client's `X-Forwarded-For` stays at the left, `X-Forwarded-Host` and all else is the client's
 * own. `Expect` ends here, because the edge has already answered it.
 */
export function inboundHeaders(headers: RawHeaders, arrival: Arrival, knobs: Knobs): RawHeaders {
  const kept = withoutHeaders(withoutHopByHop(headers), [
    'Expect',
    ...(knobs.clientReplayHeaders === 'strip' ? replayRequestHeaders : []),
  ]);
  const ssl = knobs.scheme === 'https' ? 'on' : 'off';
  const forwarded: RawHeaders = [
    ['X-Forwarded-Proto', knobs.scheme],
    ['X-Forwarded-Port', String(arrival.port)],
    ['X-Forwarded-SSL', ssl],
  ];
  const undocumented: RawHeaders = [
    ['Fly-Forwarded-Proto', knobs.scheme],
    ['Fly-Forwarded-Ssl', ssl],
    ['X-Request-Start', `t=${Math.round(arrival.receivedMs * 1_000)}`],
  ];
  return withHeaders(kept, [
    ['Fly-Client-IP', arrival.clientAddress],
    ['Fly-Region', arrival.region],
    ['Fly-Forwarded-Port', String(arrival.port)],
    ['Fly-Request-Id', arrival.requestId],
    ['X-Forwarded-For', appended(kept, 'x-forwarded-for', arrival.clientAddress, knobs.appAddress)],
    ['Via', appended(kept, 'via', `${arrival.httpVersion} fly.io`)],
    ...forwarded.filter(
      ([name]) =>
        knobs.clientForwardedHeaders === 'overwrite' || headerValue(kept, name) === undefined,
    ),
    ...(knobs.undocumentedHeaders ? undocumented : []),
  ]);
}

function appended(headers: RawHeaders, name: string, ...values: readonly string[]): string {
  return [...headerValues(headers, name), ...values].join(', ');
}
