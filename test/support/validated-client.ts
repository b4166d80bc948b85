import type { Server } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import supertest from 'supertest';
import { expect } from 'vitest';

/** The part of an OpenAPI document that responses are judged by. */
interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

interface DescribedOperation {
  readonly responses: Readonly<Record<string, DescribedResponse>>;
}

interface DescribedResponse {
  readonly content?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
}

type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options';

/** Sends requests with supertest, and fails every one whose answer is not as the document says. */
export type ValidatedClient = Readonly<Record<Method, (path: string) => supertest.Test>>;

/** A client of `server` that holds all answers against `document`. Follows no redirect and keeps no cookie. */
export function createValidatedClient(server: Server, document: unknown): ValidatedClient {
  const described = document as Described;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document as object, 'openapi');
  const client = supertest(server);
  const send = (method: Method) => (path: string) =>
    client[method](path).expect((response) => {
      expectNoOrderToTheEdge(response);
      expectAsDescribed(method, path, response);
    });
  return {
    get: send('get'),
    head: send('head'),
    post: send('post'),
    put: send('put'),
    patch: send('patch'),
    delete: send('delete'),
    options: send('options'),
  };

  function expectAsDescribed(method: Method, path: string, response: supertest.Response): void {
    const template = findTemplate(described, path);
    const operation =
      template === undefined
        ? undefined
        : described.paths[template]?.[method === 'head' ? 'get' : method];
    const type = mediaTypeOf(response);
    if (type === 'application/problem+json') expectProblem(response, method);
    if (template === undefined || operation === undefined) {
      expectOutside(response, template !== undefined);
      return;
    }
    const answer = operation.responses[response.status];
    expect(answer, `${method} ${template} has no ${response.status} in the document`).toBeDefined();
    expectHeaders(answer, response);
    if (method === 'head') return;
    if (answer?.content === undefined) {
      expect(response.text ?? '').toBe('');
      return;
    }
    expect(Object.keys(answer.content)).toContain(type);
    if (type === 'text/html') return;
    const steps = [
      'paths',
      template,
      method,
      'responses',
      response.status,
      'content',
      type,
      'schema',
    ];
    if (type === 'application/x-ndjson') {
      for (const line of response.text.split('\n').slice(0, -1))
        expectValid(steps, JSON.parse(line));
      return;
    }
    expectValid(steps, type.endsWith('json') ? JSON.parse(response.text) : response.text);
  }

  function expectProblem(response: supertest.Response, method: Method): void {
    if (method === 'head') return;
    const problem = JSON.parse(response.text);
    expectValid(['components', 'schemas', 'Problem'], problem);
    expect(problem.status).toBe(response.status);
    expect(problem.instance).toBe(response.headers['x-request-id']);
  }

  function expectValid(steps: readonly (string | number)[], value: unknown): void {
    const pointer = steps.map((step) =>
      encodeURIComponent(String(step).replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const validate = ajv.getSchema(`openapi#/${pointer.join('/')}`);
    if (validate === undefined) throw new Error(`no schema at ${pointer.join('/')}`);
    expect({ valid: validate(value), errors: validate.errors }).toEqual({
      valid: true,
      errors: null,
    });
  }
}

/**
 * Only `primary-route` may speak to the edge (docs/facts.md, "An answer can give the edge orders"); these apps have a
 * fake of it.
 */
function expectNoOrderToTheEdge(response: supertest.Response): void {
  const names = Object.keys(response.headers).filter((name) => name.startsWith('fly-'));
  expect(names).toEqual([]);
  expect(mediaTypeOf(response)).not.toContain('vnd.fly');
}

/** What the document does not describe: unknown methods and paths, and files. */
function expectOutside(response: supertest.Response, isKnownPath: boolean): void {
  if (isKnownPath && response.status !== 204) {
    expect(response.status).toBe(405);
    expect(response.headers.allow).toBeDefined();
  }
  if (response.status >= 400) {
    expect(['application/problem+json', 'text/html']).toContain(mediaTypeOf(response));
  } else {
    expect([200, 204, 304]).toContain(response.status);
  }
}

function expectHeaders(answer: DescribedResponse | undefined, response: supertest.Response): void {
  for (const [name, { required }] of Object.entries(answer?.headers ?? {})) {
    if (required) expect(response.headers[name.toLowerCase()], name).toBeDefined();
  }
}

function mediaTypeOf(response: supertest.Response): string {
  return String(response.headers['content-type'] ?? '').split(';')[0] ?? '';
}

/** The template whose segments are those of `path`, literal ones first. */
function findTemplate({ paths }: Described, path: string): string | undefined {
  const segments = (path.split('?')[0] ?? '').split('/');
  return Object.keys(paths)
    .filter((template) => {
      const parts = template.split('/');
      return (
        parts.length === segments.length &&
        parts.every((part, index) => toPattern(part).test(segments[index] ?? ''))
      );
    })
    .sort((a, b) => a.split('{').length - b.split('{').length)[0];
}

function toPattern(part: string): RegExp {
  const text = part.replaceAll('.', '\\.').replaceAll('+', '\\+');
  return new RegExp(`^${text.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
