/** What a call of LiteFS to Consul is about (litefs consul/consul.go). */
export type LiteFsCall =
  | { readonly is: 'create-session' }
  | { readonly is: 'renew'; readonly session: string }
  | { readonly is: 'destroy'; readonly session: string }
  | { readonly is: 'acquire'; readonly session: string }
  | { readonly is: 'release'; readonly session: string }
  | { readonly is: 'read-lease' }
  | { readonly is: 'other' };

/** Tells what a call is about, by its method and its URL as LiteFS wrote it. `key` is that of the lease. */
export function parseLiteFsCall(method: string, url: string, key: string): LiteFsCall {
  const parsed = URL.parse(url, 'http://guard.invalid');
  if (parsed === null) return { is: 'other' };
  const path = decodeURIComponent(parsed.pathname);
  if (path === `/v1/kv/${key}`) return parseLeaseCall(method, parsed.searchParams);
  if (method !== 'PUT') return { is: 'other' };
  if (path === '/v1/session/create') return { is: 'create-session' };
  const match = /^\/v1\/session\/(renew|destroy)\/([^/]+)$/.exec(path);
  if (match?.[2] === undefined) return { is: 'other' };
  return { is: match[1] as 'renew' | 'destroy', session: match[2] };
}

function parseLeaseCall(method: string, query: URLSearchParams): LiteFsCall {
  if (method === 'GET') return query.has('recurse') ? { is: 'other' } : { is: 'read-lease' };
  const acquire = query.get('acquire');
  if (acquire !== null) return { is: 'acquire', session: acquire };
  const release = query.get('release');
  return release === null ? { is: 'other' } : { is: 'release', session: release };
}
