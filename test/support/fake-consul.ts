import { listen } from './listen.ts';

/** A key of Consul, and the session that holds it. */
export interface FakeKey {
  readonly value: string;
  readonly session?: string;
}

/** The part of Consul's KV store that looks before LiteFS starts need: recursive reads, and deletes. */
export interface FakeConsul extends AsyncDisposable {
  readonly url: string;
  readonly keys: Map<string, FakeKey>;
  /** Tokens of the calls, newest last. */
  readonly tokens: (string | undefined)[];
  /** When set, every call gets this status. */
  status: number | undefined;
}

export async function startFakeConsul(): Promise<FakeConsul> {
  const keys = new Map<string, FakeKey>();
  const tokens: (string | undefined)[] = [];
  const server = await listen((request, response) => {
    const url = new URL(request.url ?? '', 'http://consul');
    const key = url.pathname.replace(/^\/v1\/kv\//, '');
    tokens.push(request.headers['x-consul-token'] as string | undefined);
    if (consul.status !== undefined) {
      response.writeHead(consul.status).end('no');
      return;
    }
    if (request.method === 'DELETE') {
      keys.delete(key);
      response.end('true');
      return;
    }
    const found = [...keys].filter(([name]) => name.startsWith(key));
    response.writeHead(found.length === 0 ? 404 : 200).end(
      JSON.stringify(
        found.map(([Key, { value, session }]) => ({
          Key,
          // Consul gives null for an empty value, and leaves the session out where there is none.
          Value: value === '' ? null : Buffer.from(value).toString('base64'),
          ...(session !== undefined && { Session: session }),
        })),
      ),
    );
  });
  const consul: FakeConsul = {
    url: `http://127.0.0.1:${server.port}`,
    keys,
    tokens,
    status: undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return consul;
}
