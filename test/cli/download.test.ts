import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Download, download } from '../../src/cli/backup/download.ts';
import { type Certificate, makeCertificate } from '../support/certificate.ts';
import { listen } from '../support/listen.ts';
import { TestFolder } from '../support/test-database.ts';

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => {
  folder[Symbol.dispose]();
});

const whole = Buffer.alloc(300_000, 'x');
const everyMs = 1_000;

/** Downloads from a server, with more before and behind the address of it. */
async function from(
  answer: RequestListener,
  { user = '', more = '', leastBytes = 1_000 } = {},
): Promise<void> {
  await using server = await listen(answer);
  const url = new URL(`http://${user}127.0.0.1:${server.port}/app.db${more}`);
  await download({ url }, folder.file('got.db'), { everyMs, leastBytes });
}

describe('a download', () => {
  test('takes longer than a server may be silent, when enough comes', async () => {
    const begin = performance.now();
    await from((_, response) => {
      let sent = 0;
      const timer = setInterval(() => {
        response.write(whole.subarray(sent, sent + 10_000));
        sent += 10_000;
        if (sent < whole.length) return;
        clearInterval(timer);
        response.end();
      }, everyMs / 12);
    });
    expect(performance.now() - begin).toBeGreaterThan(everyMs * 2);
    expect(readFileSync(folder.file('got.db')).equals(whole)).toBe(true);
  });

  test('gives a name and a password as such', async () => {
    const seen: (string | undefined)[] = [];
    const answer: RequestListener = ({ headers }, response) => {
      seen.push(headers.authorization);
      response.end(whole);
    };
    await from(answer, { user: 'me:p%40ss@' });
    expect(seen).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  });

  test.each<[string, RequestListener, string]>([
    ['refuses', (_, response) => response.writeHead(403).end(), 'is answered with 403'],
    ['breaks off', (_, response) => response.destroy(), 'cannot be had: '],
    ['says nothing', () => {}, 'cannot be had: no answer within 1 s'],
    [
      'drips',
      (_, response) => {
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
      'bytes came within 1 s',
    ],
    [
      'has more than the disk',
      (_, response) => response.writeHead(200, { 'Content-Length': '8000000000000000' }).write('x'),
      'and a copy needs',
    ],
  ])(
    'from a server that %s fails, tells no secret and leaves nothing',
    async (_, answer, words) => {
      const secrets = { user: 'me:pw1234@', more: '?X-Signature=secret' };
      const failed = await from(answer, secrets).catch((error: unknown) => error);
      expect(String(failed)).toContain(words);
      expect(String(failed)).not.toMatch(/pw1234|secret/);
      expect(() => readFileSync(folder.file('got.db'))).toThrow('ENOENT');
    },
  );
});

/** Downloads, and gives the sentence of the refusal. */
async function refusalOf(what: Download): Promise<string> {
  const failed = await download(what, folder.file('got.db')).catch((error: unknown) => error);
  expect(() => readFileSync(folder.file('got.db'))).toThrow('ENOENT');
  expect(String(failed)).not.toContain('secret');
  return String(failed);
}

describe('a download over TLS', () => {
  const kept = new TestFolder();
  const trustedBefore = getCACertificates('default');
  const expired = makeCertificate(kept.path, { expired: true });
  const ofAnother = makeCertificate(kept.path, { host: 'DNS:other.example.com' });
  const trusted = makeCertificate(kept.path);
  const unknown = makeCertificate(kept.path);
  beforeAll(() => {
    setDefaultCACertificates([...trustedBefore, expired.pem, ofAnother.pem, trusted.pem]);
  });
  afterAll(() => {
    setDefaultCACertificates(trustedBefore);
    kept[Symbol.dispose]();
  });

  test.each<[string, Certificate | undefined, string]>([
    [
      'a certificate that nobody vouches for',
      unknown,
      'the certificate of ORIGIN is not trusted: ',
    ],
    [
      'a certificate that has expired',
      expired,
      'the certificate of ORIGIN has expired: renew it there',
    ],
    [
      'a certificate of another host',
      ofAnother,
      'the certificate of ORIGIN is for another host name: mend the URL',
    ],
    ['no TLS at all', undefined, 'no TLS connection to ORIGIN comes about: mend the URL'],
  ])('from a server with %s says so', async (_, certificate, words) => {
    await using server = await listen((__, response) => response.end(whole), certificate);
    const origin = `https://127.0.0.1:${server.port}`;
    const failed = await refusalOf({ url: new URL(`${origin}/app.db?X-Signature=secret`) });
    expect(failed).toContain(`${origin}/app.db cannot be had: ${words.replace('ORIGIN', origin)}`);
  });

  test('does not go on without TLS where a redirect leads', async () => {
    let asked = 0;
    await using plain = await listen((_, response) => {
      asked += 1;
      response.end(whole);
    });
    const there = `http://127.0.0.1:${plain.port}/there.db`;
    await using server = await listen(
      (_, response) => response.writeHead(302, { location: `${there}?X-Signature=secret` }).end(),
      trusted,
    );
    const here = `https://127.0.0.1:${server.port}/app.db`;
    const failed = await refusalOf({ url: new URL(here) });
    expect(failed).toContain(`${here} leads on to ${there}, which is not https: give that`);
    expect(asked).toBe(0);
  });
});

describe('a download that is redirected', () => {
  test('gives a name and a password to the server that they are for alone', async () => {
    const seen: (string | undefined)[] = [];
    await using other = await listen(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end(whole);
    });
    const places = { '/app.db': 'moved.db', '/moved.db': `http://127.0.0.1:${other.port}/app.db` };
    await from(
      ({ url, headers }, response) => {
        seen.push(headers.authorization);
        response.writeHead(307, { location: places[url as keyof typeof places] }).end();
      },
      { user: 'me:pw1234@' },
    );
    const access = `Basic ${Buffer.from('me:pw1234').toString('base64')}`;
    expect(seen).toEqual([access, access, undefined]);
    expect(readFileSync(folder.file('got.db')).equals(whole)).toBe(true);
  });

  test('in a circle ends', async () => {
    let asked = 0;
    await using server = await listen((_, response) => {
      asked += 1;
      response.writeHead(301, { location: '/app.db' }).end();
    });
    const url = new URL(`http://127.0.0.1:${server.port}/app.db`);
    expect(await refusalOf({ url })).toContain('leads on more than 10 times');
    expect(asked).toBe(11);
  });

  test('stays where it is signed for', async () => {
    let asked = 0;
    await using server = await listen((_, response) => {
      asked += 1;
      response.writeHead(307, { location: '/moved.db' }).end();
    });
    const url = new URL(`http://127.0.0.1:${server.port}/app.db`);
    const headers = new Headers({ 'x-amz-security-token': 'secret' });
    expect(await refusalOf({ url, headers })).toContain(`${url} is answered with 307`);
    expect(asked).toBe(1);
  });
});
