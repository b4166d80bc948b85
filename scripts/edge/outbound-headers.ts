import { withoutHopByHop } from './hop-by-hop.ts';
import { headerValue, headerValues, type RawHeaders, withHeaders } from './raw-headers.ts';

/**
 * The header fields of a node's answer as the client gets them, with what Fly's proxy adds (docs/facts.md, "What Fly
 * does with headers").
 */
export function outboundHeaders(headers: RawHeaders, requestId: string): RawHeaders {
  const kept = withoutHopByHop(headers);
  return withHeaders(kept, [
    ...(headerValue(kept, 'server') === undefined ? [['Server', 'Fly (emulated)'] as const] : []),
    ['Via', [...headerValues(kept, 'via'), '1.1 fly.io'].join(', ')],
    ['Fly-Request-Id', requestId],
  ]);
}
