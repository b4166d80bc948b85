import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { download } from '../../src/cli/backup/download.ts';
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
