import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type DestinationPolicy,
  isAllowedDestination,
  maxDestinationLength,
  parseDestination,
} from '../../src/domain/destination.ts';
import { Failure } from '../../src/domain/failure.ts';

const policy: DestinationPolicy = { ownHosts: ['go.example.com'], allowPrivate: false };

/** What is stored for a text; `undefined` when the policy refuses it. Anything but a failure is thrown. */
function parse(text: string): string | undefined {
  try {
    return parseDestination(text, policy);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'invalid') return undefined;
    throw error;
  }
}

/** Pieces that URLs and their disguises are made of. */
const piece = fc.constantFrom(
  ...[
    'http',
    'https',
    'HTTPS',
    'javascript',
    'data',
    ':',
    '/',
    '//',
    '\\',
    '@',
    '.',
    '?',
    '#',
    '&',
  ],
  ...[
    '%',
    '%2e',
    '%2f',
    '%40',
    '%00',
    '%0d%0a',
    '\t',
    '\n',
    '\0',
    ' ',
    '\u00a0',
    '\u00ad',
    '\u200b',
  ],
  ...[
    'example',
    'go.example.com',
    'com',
    'localhost',
    'internal',
    '127.0.0.1',
    '0x7f',
    '[',
    ']',
    '::1',
  ],
  ...['。', 'ｅ', 'é', 'ß', '\ud800', '\u202e', '🦊', 'xn--', '-', '_', '1', '8080', 'a'],
);
const assembled = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));
const almostUrl = assembled.map((rest) => `https://${rest}`);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.ipV4Extended().map((address) => `http://${address}/`),
  fc.ipV6().map((address) => `http://[${address}]/`),
  assembled,
  almostUrl,
);

test('whatever is accepted is http or https, stored serialised, and allowed when it is read again', () => {
  let accepted = 0;
  fc.assert(
    fc.property(text, (given) => {
      const stored = parse(given);
      if (stored === undefined) return;
      accepted += 1;
      const url = new URL(stored);
      expect(['http:', 'https:']).toContain(url.protocol);
      expect(url.href).toBe(stored);
      expect([url.username, url.password]).toEqual(['', '']);
      expect(stored.length).toBeLessThanOrEqual(maxDestinationLength);
      expect(isAllowedDestination(stored, policy)).toBe(true);
      expect(parse(stored)).toBe(stored);
    }),
    { numRuns: 5_000, seed: 20_260_101 },
  );
  // The property says something only when a good part of the texts is accepted.
  expect(accepted).toBeGreaterThan(500);
});

test('whatever is accepted can be the value of a Location header', () => {
  fc.assert(
    fc.property(text, (given) => {
      expect(parse(given) ?? '').toMatch(/^[\x21-\x7e]*$/);
    }),
    { numRuns: 5_000, seed: 20_260_102 },
  );
});

test('no spelling of an own host is accepted', () => {
  const sign = (plain: string) => {
    const code = plain.codePointAt(0) as number;
    const spellings = [plain, plain.toUpperCase(), `%${code.toString(16)}`, `\u00ad${plain}`];
    if (plain === '.') return fc.constantFrom('.', '。', '．', '%2e', '%2E');
    return fc.constantFrom(...spellings, String.fromCodePoint(code + 0xfee0), `${plain}\u200b`);
  };
  const host = fc.tuple(...[...'go.example.com'].map(sign)).map((signs) => signs.join(''));
  const tail = fc.constantFrom('', '.', ':443', ':80', ':8443', '.:8443', '/sale', '?a', '#a');
  fc.assert(
    fc.property(host, tail, (spelling, rest) => {
      // Guards the generator: the browser does see the own host in this.
      expect(new URL(`https://${spelling}${rest}`).hostname).toMatch(/^go\.example\.com\.?$/);
      expect(parse(`https://${spelling}${rest}`)).toBeUndefined();
    }),
    { numRuns: 2_000, seed: 20_260_103 },
  );
});

test('no spelling of a private IPv4 address is accepted', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const address = fc
    .tuple(
      fc.constantFrom('10', '127', '192.168', '169.254', '172.20', '100.64', '0'),
      octet,
      octet,
      octet,
    )
    .map(([start, ...rest]) => [...start.split('.').map(Number), ...rest].slice(0, 4));
  const base = fc.constantFrom(8, 10, 16);
  fc.assert(
    fc.property(
      address,
      fc.tuple(base, base, base, base),
      fc.integer({ min: 1, max: 4 }),
      (bytes, bases, parts) => {
        // The last part stands for all bytes that have no part of their own.
        const last = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0);
        const host = [...bytes.slice(0, parts - 1), last]
          .map(
            (value, index) =>
              ({ 8: '0', 10: '', 16: '0x' })[bases[index] as 8 | 10 | 16] +
              value.toString(bases[index]),
          )
          .join('.');
        expect(new URL(`http://${host}/`).hostname).toBe(bytes.join('.'));
        expect(parse(`http://${host}/`)).toBeUndefined();
        expect(parse(`http://[::ffff:${bytes.join('.')}]/`)).toBeUndefined();
        expect(parse(`http://[64:ff9b::${bytes.join('.')}]/`)).toBeUndefined();
      },
    ),
    { numRuns: 2_000, seed: 20_260_104 },
  );
});
