import type { Router } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureKinds, problemTypes } from '../../src/http/problem.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

interface Layer {
  readonly route?: {
    readonly path: string;
    readonly stack: readonly { readonly method?: string }[];
  };
  readonly handle: { readonly stack?: readonly Layer[] };
}

/** Every route of an app, however deep its routers lie. */
function routesOf(layers: readonly Layer[]): string[] {
  return layers.flatMap(({ route, handle }) => {
    if (route === undefined) return routesOf(handle.stack ?? []);
    const methods = new Set(route.stack.map(({ method }) => method).filter(Boolean));
    return [...methods].map((method) => `${method} ${route.path}`);
  });
}

interface DescribedResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
}

interface DescribedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly responses: Readonly<Record<string, DescribedResponse>>;
}

let app: TestApp;
let paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
beforeAll(async () => {
  app = await startTestApp();
  ({ paths } = (await app.client.get('/openapi.json').expect(200)).body);
});
afterAll(() => app[Symbol.asyncDispose]());

describe('the document', () => {
  /** The document itself, and the files of the page that shows it. */
  const itself = [
    'get /docs',
    'get /docs/initializer.js',
    'get /docs/swagger-ui-bundle.js',
    'get /docs/swagger-ui.css',
    'get /openapi.json',
  ];

  it('describes exactly the routes that there are', () => {
    const { stack } = (app.app as unknown as { readonly router: Router }).router;
    const routes = routesOf(stack as unknown as readonly Layer[]);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1').replaceAll('+', '\\+')}`,
      ),
    );
    expect(routes.sort()).toEqual([...described, ...itself].sort());
  });

  it('is OpenAPI 3.1, and its operations have names of their own', async () => {
    const { body } = await app.client.get('/openapi.json').expect(200);
    expect(body.openapi).toBe('3.1.1');
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { summary, tags } of operations) {
      expect(summary).not.toBe('');
      expect(tags).toHaveLength(1);
    }
  });

  it('has every answer to a write tell of it, but to a sign-in, which writes nothing', async () => {
    const { body } = await app.client.get('/openapi.json').expect(200);
    const told = Object.values<Record<string, DescribedOperation>>(body.paths)
      .flatMap((methods) => Object.entries(methods))
      .filter(([method]) => method !== 'get')
      .map(([, { operationId, responses }]) => {
        const good = Object.entries(responses).filter(([status]) => Number(status) < 400);
        const isTold = good.every(
          ([, { headers = {} }]) =>
            headers['Hoplite-Bookmark']?.required && headers.Durability?.required,
        );
        return [operationId, isTold] as const;
      });
    const untold = told.filter(([, isTold]) => !isTold).map(([id]) => id);
    expect(untold.sort()).toEqual(['signIn', 'signOut']);
  });

  it('resolves every reference', async () => {
    const { body, text } = await app.client.get('/openapi.json').expect(200);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(body.components.schemas).toHaveProperty(name ?? '');
    }
  });

  // The redirect answers these two apart from the document; the third is for methods that it does not have.
  const elsewhere = new Set(['method_not_allowed']);

  it.each(failureKinds.filter((kind) => !elsewhere.has(kind)))('tells of %s', (kind) => {
    const { status, title } = problemTypes[kind];
    const told = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .some(({ responses }) => responses[status]?.description.includes(title));
    expect(told).toBe(true);
  });

  it('is shown by Swagger UI, without a script or style in the page', async () => {
    const { text, headers } = await app.client.get('/docs').expect(200);
    expect(text).not.toMatch(/<script>|<style|style=|onload=/);
    expect(headers['content-security-policy']).toMatch("default-src 'none';");
    expect(headers['content-security-policy']).toMatch("connect-src 'self'");
    for (const [, file] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      await app.client.get(file ?? '').expect(200);
    }
  });
});

describe('every kind of failure', () => {
  it.each(failureKinds)('%s has a page of its own, which its type leads to', async (kind) => {
    const path = `/problems/${kind.replaceAll('_', '-')}`;
    const { body } = await app.client.get(path).expect(200);
    const { title, status, description } = problemTypes[kind];
    expect(body).toEqual({ type: `http://go.example.com${path}`, title, status, description });
    const { text } = await app.client.get(path).set('Accept', 'text/html').expect(200);
    expect(text).toContain(`<h1>${title}</h1>`);
  });

  it('has a status and a title that differ from all others', () => {
    const titles = failureKinds.map((kind) => problemTypes[kind].title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const kind of failureKinds) {
      expect(problemTypes[kind].status).toBeGreaterThanOrEqual(400);
      expect(problemTypes[kind].description).toMatch(/\.$/);
    }
  });
});
