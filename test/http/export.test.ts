import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const path = '/api/v1/export';
const destination = 'https://example.com/a';
/** More than what is read at once. */
const many = 600;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  const links = Array.from({ length: many }, (_, n) => ({ destination, slug: `many-${n}` }));
  const rich = {
    destination,
    slug: 'Rich',
    title: 'Größe, "quoted"',
    redirectCode: 308,
    forwardQuery: true,
    notBefore: '2030-01-31T09:00:00+01:00',
    expiresAt: '2031-01-31T09:00:00.5Z',
    disabled: true,
  };
  await app.client
    .post('/api/v1/links/bulk')
    .send({ links: [rich, ...links] })
    .expect(200);
});
afterAll(() => app[Symbol.asyncDispose]());

async function exported(query = ''): Promise<Record<string, unknown>[]> {
  const { text, headers } = await app.client
    .get(path + query)
    .buffer(true)
    .parse(asText)
    .expect(200);
  expect(headers['content-type']).toBe('application/x-ndjson');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** supertest would keep a body of this type as bytes, and parse it as JSON. */
function asText(response: Response, done: (error: null, body: unknown) => void): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk) => {
    text += chunk;
  });
  response.on('end', () => {
    Object.assign(response, { text });
    done(null, text);
  });
}

describe('an export', () => {
  it('has every link once, with all that its owner set', async () => {
    const links = await exported();
    expect(links).toHaveLength(many + 1);
    expect(new Set(links.map(({ slug }) => slug)).size).toBe(many + 1);
    const ids = links.map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(links[0]).toEqual({
      id: expect.stringMatching(/^\d+$/),
      slug: 'Rich',
      shortUrl: 'http://go.example.com/Rich',
      destination,
      title: 'Größe, "quoted"',
      redirectCode: 308,
      forwardQuery: true,
      notBefore: '2030-01-31T08:00:00.000Z',
      expiresAt: '2031-01-31T09:00:00.500Z',
      disabled: true,
      blocked: false,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
  });

  it('goes on behind any link, also one that is deleted meanwhile', async () => {
    const links = await exported();
    const at = 300;
    expect(await exported(`?after=${links[at]?.id}`)).toEqual(links.slice(at + 1));
    await app.client.delete(`/api/v1/links/${links[at]?.slug}`).expect(204);
    expect(await exported(`?after=${links[at]?.id}`)).toEqual(links.slice(at + 1));
    expect(await exported(`?after=${links.at(-1)?.id}`)).toEqual([]);
  });

  it('has the counts where they are asked for', async () => {
    const [first] = await exported();
    expect(first).not.toHaveProperty('clicks');
    const [counted] = await exported('?clicks=true');
    expect(counted?.clicks).toMatchObject({ total: 0, people: 0, bots: 0 });
  });

  it.each(['?after=x', '?after=-1', '?clicks=1', '?colour=red'])('refuses %s', async (query) => {
    await app.client.get(path + query).expect(422);
  });
});
