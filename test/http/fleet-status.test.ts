import { expect, it } from 'vitest';
import { startTestApp } from '../support/test-app.ts';

const told = {
  node: 'b',
  region: 'syd',
  role: 'replica',
  primary: 'me',
  position: { txid: '000000000000000a', checksum: '8000000000000000' },
  lagMs: 3,
  epoch: 1,
  schema: 1,
  version: '0.0.0-test',
  uptimeS: 4,
};

it('shows all nodes that are known, and names those that do not answer', async () => {
  await using app = await startTestApp({
    parts: () => ({
      askReports: async () => [
        { node: 'z', told: undefined },
        // Of a release that knows less, and of one that knows more.
        { node: 'b', told: { ...told, later: true } },
        { node: 'a', told: 'rubbish' },
      ],
    }),
  });
  const { body } = await app.client.get('/status').expect(200);
  const answers = body.nodes.map(({ node, answers: its }: { node: string; answers: boolean }) => [
    node,
    its,
  ]);
  expect(answers).toEqual([
    ['a', false],
    ['b', true],
    ['me', true],
    ['z', false],
  ]);
  expect(body.nodes[1].status).toEqual({
    ...told,
    durability: null,
    servesBackupOf: null,
    otherCandidate: null,
    lease: null,
    guard: null,
    clicks: null,
    backup: null,
  });
  expect(body.summary.isFine).toBe(false);
  expect(body.summary.sentences).toContain('z does not answer.');
});

it('is a page for a browser, with everything of it escaped', async () => {
  await using app = await startTestApp({
    parts: () => ({
      askReports: async () => [
        { node: 'b', told: { ...told, version: '<b>2</b>' } },
        { node: '<i>', told: undefined },
      ],
    }),
  });
  const { text } = await app.client.get('/status').set('Accept', 'text/html').expect(200);
  expect(text).toContain('<h1 id="status">Status</h1>');
  expect(text).toContain('&lt;b&gt;2&lt;/b&gt;');
  expect(text).toContain('&lt;i&gt; <span class="role">does not answer</span>');
  expect(text).not.toMatch(/<script|<b>|<i>|style=/);
});

it('is for people with access', async () => {
  await using app = await startTestApp({ settings: { access: 'keys' } });
  await app.client.get('/status').expect(401);
});
