import type { IncomingMessage, ServerResponse } from 'node:http';

/** Reads and sets one cookie. */
export interface Cookie {
  read(request: IncomingMessage): string | undefined;
  set(response: ServerResponse, value: string): void;
  clear(response: ServerResponse): void;
}

/**
 * A cookie for pages at `baseUrl`, out of the reach of scripts. Over https its name begins with `__Host-`: browsers then
 * take it from this host alone, so that a neighbouring subdomain can neither read nor plant it (RFC 6265bis
 * section 4.1.3).
 */
export function createCookie(options: {
  readonly baseUrl: string;
  /** Without the prefix. */
  readonly name: string;
  readonly sameSite: 'Strict' | 'Lax';
  readonly lifetimeMs: number;
}): Cookie {
  const { baseUrl, sameSite, lifetimeMs } = options;
  const secure = baseUrl.startsWith('https:');
  const name = secure ? `__Host-${options.name}` : options.name;
  const attributes = `Path=/; HttpOnly; SameSite=${sameSite}${secure ? '; Secure' : ''}`;
  const setCookie = (response: ServerResponse, value: string, maxAgeS: number): void => {
    response.appendHeader('Set-Cookie', `${name}=${value}; Max-Age=${maxAgeS}; ${attributes}`);
  };
  return {
    read(request) {
      const prefix = `${name}=`;
      return (request.headers.cookie ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .find((pair) => pair.startsWith(prefix))
        ?.slice(prefix.length);
    },
    set: (response, value) => setCookie(response, value, lifetimeMs / 1000),
    clear: (response) => setCookie(response, '', 0),
  };
}
