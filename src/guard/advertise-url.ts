import { parsePrimaryInfo } from './consul-tree.ts';

/**
 * Rewrites Consul's answer to LiteFS's question for the lease: the primary's address becomes that of the relay, unless
 * the primary is this node. Gives the new answer and the primary's real address; `undefined` where there is nothing to
 * rewrite.
 */
export function rewriteAdvertiseUrl(
  body: string,
  options: { readonly ownUrl: string; readonly relayUrl: string },
): { readonly body: string; readonly primaryUrl: string } | undefined {
  const [entry, ...others] = JSON.parse(body);
  if (typeof entry?.Value !== 'string') return undefined;
  const text = Buffer.from(entry.Value, 'base64').toString('utf8');
  const primary = parsePrimaryInfo(text);
  // LiteFS refuses to follow itself; it says so better than the relay could.
  if (primary === undefined || primary.advertiseUrl === options.ownUrl) return undefined;
  const value = JSON.stringify({ ...JSON.parse(text), 'advertise-url': options.relayUrl });
  const rewritten = { ...entry, Value: Buffer.from(value).toString('base64') };
  return { body: JSON.stringify([rewritten, ...others]), primaryUrl: primary.advertiseUrl };
}
