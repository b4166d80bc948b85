import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AskFleet } from '../../src/cluster/ask-fleet.ts';
import type { FleetStanding } from '../../src/domain/bookmark.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const standing: FleetStanding = {
  nodes: [
    { node: 'me', region: 'ams', reached: true },
    { node: 'a', region: 'iad', reached: true },
    { node: 'b', region: 'syd', reached: false },
    { node: 'c', region: null, reached: null },
  ],
  lost: false,
};

let app: TestApp;
let answer: FleetStanding | undefined;
let asked: Parameters<AskFleet>[];
beforeAll(async () => {
  app = await startTestApp({
    bookmarks: {
      async askFleet(...question) {
        asked.push(question);
        return answer;
      },
    },
  });
});
afterAll(() => app[Symbol.asyncDispose]());
beforeEach(() => {
  asked = [];
  answer = standing;
});

const create = (prefer?: string) => {
  const request = app.client.post('/api/v1/links');
  if (prefer !== undefined) request.set('Prefer', prefer);
  return request.send({ destination: 'https://example.com/' }).expect(201);
};

it('a write asks no node when nobody wants to know', async () => {
  const { headers } = await create();
  await create('respond-async');
  expect(asked).toEqual([]);
  expect(headers).not.toHaveProperty('live-in');
  expect(headers).not.toHaveProperty('preference-applied');
});

it('a write waits for the nodes and says on how many it is', async () => {
  const { headers } = await create('wait=60');
  expect(headers['live-in']).toBe('2/4');
  expect(headers['preference-applied']).toBe('wait=10');
  expect(asked.map(([bookmark, waitMs]) => [bookmark, waitMs])).toEqual([
    [headers['hoplite-bookmark'], 10_000],
  ]);
});

it('a write is answered all the same when too many ask', async () => {
  answer = undefined;
  const { headers } = await create('wait=1');
  expect(headers).not.toHaveProperty('live-in');
  expect(headers).not.toHaveProperty('preference-applied');
});

it('a bookmark has a resource that tells which nodes have reached it', async () => {
  const bookmark = String((await create()).headers['hoplite-bookmark']);
  const { body } = await app.client.get(`/api/v1/positions/${bookmark}`).expect(200);
  expect(body).toEqual({ bookmark, lost: false, reached: 2, nodes: 4, perNode: standing.nodes });
  expect(asked.map(([text, waitMs]) => [text, waitMs])).toEqual([[bookmark, 0]]);
  answer = { ...standing, lost: null };
  const waited = await app.client
    .get(`/api/v1/positions/${bookmark}`)
    .set('Prefer', 'wait=2')
    .expect(200);
  expect(waited.body.lost).toBeNull();
  expect(waited.headers['preference-applied']).toBe('wait=2');
  expect(asked[1]?.[1]).toBe(2000);
});

it('what no node has given has none', async () => {
  for (const text of ['nonsense', `1${'A'.repeat(36)}`, '%20']) {
    await app.client.get(`/api/v1/positions/${text}`).expect(404);
  }
  expect(asked).toEqual([]);
});

it('says when to come back while too many ask', async () => {
  const bookmark = (await create()).headers['hoplite-bookmark'];
  answer = undefined;
  const { headers } = await app.client.get(`/api/v1/positions/${bookmark}`).expect(503);
  expect(headers['retry-after']).toBe('1');
});
