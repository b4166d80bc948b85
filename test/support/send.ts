/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A request of a test. A `body` that is no string is sent as JSON. */
export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Sends a request without cookies and follows no redirect. Rejects when there is no whole answer within 30 s.
 */
export async function send(url: string, sending: Sending = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = sending;
  const isJson = body !== undefined && typeof body !== 'string';
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
    headers: { ...(isJson && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as string) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The headers that sign in with a key. */
export function bearer(key: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${key}` };
}

/** Makes a link that leads to the page of its slug at example.com. */
export function createLink(origin: string, slug: string): Promise<Answer> {
  return send(`${origin}/api/v1/links`, {
    method: 'POST',
    body: { slug, destination: `https://example.com/${slug}` },
  });
}

/** Follows a slug: the status, and where a redirect leads. */
export async function follow(origin: string, slug: string): Promise<string> {
  const { status, headers } = await send(`${origin}/${slug}`);
  return `${status} ${headers.get('Location') ?? ''}`.trim();
}
