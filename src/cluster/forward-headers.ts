/** Names and values in turn, as Node keeps what came over the wire. */
export type RawHeaders = readonly string[];

/** Headers that belong to one connection and not to the message (RFC 9110, section 7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a request may not bring along: claims about its way that only this node can make, or that end here. */
const claims = /^(?:fly-|hoplite-|x-forwarded-|forwarded$|expect$|content-length$)/;

/** What an answer may not bring along: orders to the edge, and what nodes tell each other. */
const orders = /^(?:fly-|hoplite-refused$|hoplite-time$)/;

/**
 * The headers of a client's request as they go to the primary: all but hop-by-hop ones and claims about the way,
 * with those of `replaced` (names in lower case) in place of the client's. The length is left out too;
 * whoever sends the body sets it anew.
 */
export function toForwardedHeaders(
  raw: RawHeaders,
  replaced: Readonly<Record<string, string>> = {},
): string[] {
  const kept = pairs(without(raw, claims)).filter(
    ([name]) => !Object.hasOwn(replaced, name.toLowerCase()),
  );
  return [...kept, ...Object.entries(replaced)].flat();
}

/** The headers of the primary's answer as they go to the client. */
export function toAnswerHeaders(raw: RawHeaders): string[] {
  return without(raw, orders);
}

function without(raw: RawHeaders, pattern: RegExp): string[] {
  const dropped = new Set([...hopByHop, ...namedByConnection(raw)]);
  return pairs(raw)
    .filter(([name]) => !dropped.has(name.toLowerCase()) && !pattern.test(name.toLowerCase()))
    .flat();
}

function namedByConnection(raw: RawHeaders): string[] {
  return pairs(raw)
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(','))
    .map((name) => name.trim().toLowerCase());
}

function pairs(raw: RawHeaders): [name: string, value: string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    found.push([raw[index] ?? '', raw[index + 1] ?? '']);
  }
  return found;
}
