import { headerValues, type RawHeaders, withoutHeaders } from './raw-headers.ts';

/** Fields that concern one connection only (RFC 9110 section 7.6.1, RFC 2616 section 13.5.1). */
const connectionFields = [
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
];

/** The fields that go on to the next hop: those of this connection, and all that `Connection` names, are gone. */
export function withoutHopByHop(headers: RawHeaders): RawHeaders {
  const named = headerValues(headers, 'connection')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim())
    // The length of a body is not the sender's to take away.
    .filter((name) => name !== '' && name.toLowerCase() !== 'content-length');
  return withoutHeaders(headers, [...connectionFields, ...named]);
}
