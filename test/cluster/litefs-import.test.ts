import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { importIntoLiteFs } from '../../src/cluster/litefs-import.ts';
import { type ListeningServer, listen } from '../support/listen.ts';
import { TestFolder } from '../support/test-database.ts';

let folder: TestFolder;
let liteFs: ListeningServer;
/** What LiteFS was sent. */
let sent: string[];
let answer: { status: number; body: string };
beforeEach(async () => {
  folder = new TestFolder();
  writeFileSync(folder.file('links.db'), 'x'.repeat(200_000));
  sent = [];
  answer = { status: 200, body: '' };
  liteFs = await listen(async (request, response) => {
    sent.push(`${request.method} ${request.url} ${(await text(request)).length}`);
    response.writeHead(answer.status).end(answer.body);
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await liteFs[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const run = (file = 'links.db') =>
  importIntoLiteFs(`http://127.0.0.1:${liteFs.port}`, 'links.db', folder.file(file));

test('a file is sent, and a refusal told', async () => {
  expect(await run()).toBeUndefined();
  answer = { status: 500, body: 'not primary\n' };
  expect(await run()).toBe('500 not primary');
  expect(sent).toEqual(Array(2).fill('POST /import?name=links.db 200000'));
});

test('a file that is not there, or nobody who answers, is an error', async () => {
  await expect(run('none.db')).rejects.toMatchObject({ code: 'ENOENT' });
  await liteFs[Symbol.asyncDispose]();
  await expect(run()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('it is not sent by fetch, which gives up after 300 s while LiteFS goes on', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no answer in time')));
  expect(await run()).toBeUndefined();
});
