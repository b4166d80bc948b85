import { slugLength, writeSlug } from './slugs.ts';

/** What a visitor sends besides what HTTP asks for: nothing, or what a browser behind a proxy does. */
export type HeaderSet = 'none' | 'browser';

/** The bytes of a request, made once for each connection: only the slug and the visitor in them change. */
export class RequestHead {
  readonly bytes: Buffer;
  /** Where the slug stands in them. */
  readonly slugAt: number;
  readonly #addressAt: number | undefined;

  /** `connection` chooses the browser and the page it comes from. */
  constructor(method: 'GET' | 'HEAD', headers: HeaderSet, connection: number) {
    const start = `${method} /`;
    const line = `${start}${'0'.repeat(slugLength)} HTTP/1.1\r\nHost: localhost\r\n`;
    const more = headers === 'none' ? '' : browserHeaders(connection);
    this.bytes = Buffer.from(`${line}${more}\r\n`, 'latin1');
    this.slugAt = start.length;
    this.#addressAt = headers === 'none' ? undefined : this.bytes.indexOf(visitor);
  }

  /** Makes it ask for the n-th link, as another visitor where an address is sent. */
  aim(link: number): void {
    writeSlug(link, this.bytes, this.slugAt);
    if (this.#addressAt === undefined) return;
    writeAddressPart(this.bytes, this.#addressAt);
    writeAddressPart(this.bytes, this.#addressAt + 4);
  }
}

/** The part of an address that differs between visitors: 24,336 of them. */
const visitor = '100.100';

/** Any number from 100 to 255: always three digits. */
function writeAddressPart(target: Uint8Array, at: number): void {
  const part = 100 + Math.floor(Math.random() * 156);
  target[at] = zero + Math.floor(part / 100);
  target[at + 1] = zero + (Math.floor(part / 10) % 10);
  target[at + 2] = zero + (part % 10);
}

const zero = '0'.charCodeAt(0);

/** The 600 to 750 bytes that a browser sends when somebody follows a link on a page. */
function browserHeaders(connection: number): string {
  const userAgent = userAgents[connection % userAgents.length];
  const referrer = referrers[connection % referrers.length];
  return [
    'Connection: keep-alive',
    'sec-ch-ua: "Chromium";v="141", "Google Chrome";v="141", "Not?A_Brand";v="8"',
    'sec-ch-ua-mobile: ?0',
    'sec-ch-ua-platform: "Windows"',
    'Upgrade-Insecure-Requests: 1',
    `User-Agent: ${userAgent}`,
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-User: ?1',
    'Sec-Fetch-Dest: document',
    `Referer: ${referrer}`,
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9,nl;q=0.8',
    `X-Forwarded-For: 81.2.${visitor}`,
    '',
  ].join('\r\n');
}

const userAgents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
  'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
];

const referrers = [
  'https://www.example.org/',
  'https://news.example.net/2026/11/a-story',
  'https://social.example/',
  'https://mail.example.com/',
  'https://search.example/?q=hoplite',
];
