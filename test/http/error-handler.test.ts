import express from 'express';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createErrorHandler } from '../../src/http/error-handler.ts';
import { createIdentify } from '../../src/http/identify.ts';
import { listen } from '../support/listen.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startTestApp } from '../support/test-app.ts';

describe('a defect', () => {
  it('is logged whole, by the id that the client gets, and shown without its message', async () => {
    await using app = await startTestApp({
      parts: ({ links }) => ({
        links: {
          ...links,
          async listLinks() {
            throw new Error('planted secret');
          },
        },
      }),
    });
    const { body, text } = await app.client.get('/api/v1/links').expect(500);
    expect(text).not.toContain('planted');
    expect(body.title).toBe('Internal error');
    const line = app.logged.map((each) => JSON.parse(each)).find(({ level }) => level === 50);
    expect(line).toMatchObject({ id: body.instance, msg: 'request failed' });
    expect(line.err).toMatchObject({ message: 'planted secret', stack: expect.any(String) });
  });

  it('in the page of a problem leaves its status', async () => {
    await using app = await startTestApp({
      pages: {
        problem() {
          throw new Error('planted secret');
        },
      },
    });
    const response = await fetch(`http://127.0.0.1:${app.port}/no/such`, {
      headers: { Accept: 'text/html' },
    });
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('');
    expect(app.logged.join('')).toContain('planted secret');
  });

  it('after the answer has begun breaks it off, so that nobody takes it for whole', async () => {
    const logged: string[] = [];
    const app = express();
    app.use(createIdentify({ trustProxy: 'none', random: seededRandom('ids') }));
    app.get('/', (_request, response) => {
      response.setHeader('Content-Type', 'text/plain');
      response.write('half of it');
      throw new Error('planted secret');
    });
    app.use(
      createErrorHandler({
        primaryRoute: { pass: () => Promise.reject(new Error('not asked')) },
        hold: { findWay: () => Promise.reject(new Error('not asked')) },
        renderProblem: () => ({ status: 500, headers: {}, body: '' }),
        log: pino({}, { write: (line: string) => logged.push(line) }),
      }),
    );
    await using server = await listen(app);
    const response = await fetch(`http://127.0.0.1:${server.port}/`);
    await expect(response.text()).rejects.toThrow();
    expect(logged.join('')).toContain('answer broken off');
  });
});
