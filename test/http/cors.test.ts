import { describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const friend = 'https://friend.example';
const other = 'https://other.example';

function preflight(app: TestApp, origin: string) {
  return app.client
    .options('/api/v1/links')
    .set('Origin', origin)
    .set('Access-Control-Request-Method', 'POST')
    .set('Access-Control-Request-Headers', 'authorization,content-type,idempotency-key');
}

const allowHeader = 'access-control-allow-origin';

describe('CORS', () => {
  it('is closed by default', async () => {
    await using app = await startTestApp();
    const { headers } = await preflight(app, friend).expect(204);
    expect(headers).not.toHaveProperty(allowHeader);
    expect(headers.allow).toBe('OPTIONS, GET, HEAD, POST');
    const read = await app.client.get('/api/v1/links').set('Origin', friend).expect(200);
    expect(read.headers).not.toHaveProperty(allowHeader);
  });

  it('opens to CORS_ORIGINS alone, never with cookies', async () => {
    await using app = await startTestApp({
      settings: { corsOrigins: [friend, 'https://b.example'] },
    });
    const { headers } = await preflight(app, friend).expect(204);
    expect(headers[allowHeader]).toBe(friend);
    expect(headers['access-control-allow-headers']).toContain('Authorization');
    expect(headers['access-control-allow-methods']).toContain('PATCH');
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
    expect(headers.vary).toContain('Origin');

    const read = await app.client.get('/api/v1/links').set('Origin', friend).expect(200);
    expect(read.headers[allowHeader]).toBe(friend);
    expect(read.headers['access-control-expose-headers']).toContain('ETag');
    const problem = await app.client.get('/api/v1/links?x=1').set('Origin', friend).expect(422);
    expect(problem.headers[allowHeader]).toBe(friend);

    for (const origin of [other, 'null', `${friend}.evil.example`, 'https://FRIEND.example']) {
      const refused = await preflight(app, origin).expect(204);
      expect(refused.headers).not.toHaveProperty(allowHeader);
    }
  });

  it.each([{ is: 'replica', primary: 'p' }, { is: 'detached' }, { is: 'joining' }] as const)(
    'answers preflights on every node: $is',
    async (role) => {
      await using app = await startTestApp({ role, settings: { corsOrigins: [friend] } });
      const { headers } = await preflight(app, friend).expect(204);
      expect(headers[allowHeader]).toBe(friend);
      expect(app.passed).toEqual([]);
    },
  );
});
