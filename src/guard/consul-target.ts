/** The real Consul, as LiteFS would read it from its URL (litefs consul/consul.go, `Open`). */
export interface ConsulTarget {
  readonly origin: string;
  /** What stands before every key, without slashes at its ends; empty for none. */
  readonly prefix: string;
  readonly token: string | undefined;
}

/** Parses Consul's URL: its path is a prefix of the keys, its password the token; `undefined` when it is none. */
export function parseConsulUrl(text: string): ConsulTarget | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  return {
    origin: url.origin,
    prefix: decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, ''),
    token: url.password === '' ? undefined : decodeURIComponent(url.password),
  };
}

/** A key as the real Consul knows it. */
export function realKey({ prefix }: ConsulTarget, key: string): string {
  return prefix === '' ? key : `${prefix}/${key}`;
}

/**
 * The node of Consul's catalog that the fleet's sessions belong to; `undefined` without a prefix, when they belong to the
 * agent's own node. Fly's tokens allow sessions on this node only.
 */
export function sessionNode({ prefix }: ConsulTarget): string | undefined {
  return prefix === '' ? undefined : `${prefix}/litefs`;
}
