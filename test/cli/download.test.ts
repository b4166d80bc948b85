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

/** Downloads from a server, with more before and behind the address of it. */
async function from(answer: RequestListener, { user = '', more = '' } = {}): Promise<void> {
  await using server = await listen(answer);
  const url = new URL(`http://${user}127.0.0.1:${server.port}/app.db${more}`);
  await download({ url }, folder.file('got.db'));
}

describe('a download', () => {
  test('gives a name and a password as such', async () => {
    const seen: (string | undefined)[] = [];
    const answer: RequestListener = ({ headers }, response) => {
      seen.push(headers.authorization);
      response.end(whole);
    };
    await from(answer, { user: 'me:p%40ss@' });
    expect(readFileSync(folder.file('got.db')).equals(whole)).toBe(true);
    expect(seen).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  });

  test.each<[string, RequestListener, string]>([
    ['refuses', (_, response) => response.writeHead(403).end(), 'is answered with 403'],
    ['breaks off', (_, response) => response.destroy(), 'cannot be had: '],
  ])('from a server that %s fails and tells no secret', async (_, answer, words) => {
    const secrets = { user: 'me:pw1234@', more: '?X-Signature=secret' };
    const failed = await from(answer, secrets).catch((error: unknown) => error);
    expect(String(failed)).toContain(words);
    expect(String(failed)).not.toMatch(/pw1234|secret/);
  });
});
