import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ZodOpenApiResponseObject } from 'zod-openapi';
import type { FailureKind } from '../domain/failure.ts';
import { formMediaType, parseBody } from './body.ts';
import type { Access, Caller } from './caller.ts';
import { parseFormFields, queryOf } from './form-fields.ts';
import { parseInput } from './parse-input.ts';
import { factsOf } from './request-facts.ts';

/** The methods that operations have. `HEAD` comes with `get`. */
export type Method = 'get' | 'post' | 'patch' | 'delete';

/** A schema of named fields, strict or not. */
export type FieldsSchema = z.ZodObject<z.ZodRawShape, z.core.$ZodObjectConfig>;

/** A request body: its media types, and what it holds in any of them. */
export interface BodyInput<Schema extends z.ZodType> {
  readonly mediaTypes: readonly [string, ...string[]];
  readonly schema: Schema;
  /** Whether a request may come without one; its value is then `undefined`. */
  readonly optional?: true;
}

/** A body too large to be read whole before it is parsed: its schemas by media type. */
export type StreamedBody = Readonly<Record<string, z.ZodType>>;

/** What a request holds, parsed by the schemas of its operation. */
export interface Input<Path, Query, Headers, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  readonly caller: Caller;
  readonly request: Request;
  readonly response: Response;
}

/** What an operation is to the document and to the router. */
export interface OperationFrame {
  /** Unique; `operationId` in the document. */
  readonly id: string;
  readonly method: Method;
  /** As OpenAPI writes it: `/api/v1/links/{slug}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /** Whether it belongs on the primary; then the gate stands before it and writes are limited. */
  readonly writes: boolean;
  /**
   * Whether it changes `links.db`: then every answer that is no problem tells of the write, see `createWrite`.
   */
  readonly commits?: true;
  /** Whether it shows what is in `links.db`: then a bookmark of the request is honoured, see `createHonourBookmark`. */
  readonly honoursBookmarks?: true;
  /** Answers that are not problems, by status. */
  readonly responses: Readonly<Record<number, ZodOpenApiResponseObject>>;
  /** Kinds of failure of its own, besides those that every operation of its form can have. */
  readonly failures?: readonly FailureKind[];
}

/** An operation whose inputs are known by type. A part without a schema is not looked at. */
export interface OperationDefinition<
  Path extends FieldsSchema,
  Query extends FieldsSchema,
  Headers extends FieldsSchema,
  Body extends z.ZodType,
> extends OperationFrame {
  readonly params?: {
    readonly path?: Path;
    readonly query?: Query;
    /** Named as in the document, such as `If-Match`; other headers are ignored. */
    readonly headers?: Headers;
  };
  readonly body?: BodyInput<Body>;
  /** Instead of `body`, for one that the handler reads as it comes: what it holds, by media type, for the document. */
  readonly stream?: StreamedBody;
  /** Parses nothing, calls one function of the domain, and renders. */
  readonly handle: (
    input: Input<z.output<Path>, z.output<Query>, z.output<Headers>, z.output<Body>>,
  ) => void | Promise<void>;
}

/**
 * One operation of the public port: the router and the OpenAPI document are both made from these, so that
 * what is documented is what validates.
 */
export interface Operation extends OperationFrame {
  readonly inputs: {
    readonly path: FieldsSchema | undefined;
    readonly query: FieldsSchema | undefined;
    readonly headers: FieldsSchema | undefined;
    readonly body: BodyInput<z.ZodType> | undefined;
    readonly stream: StreamedBody | undefined;
  };
  /** Runs it for a request whose body was read and whose caller is known and admitted. */
  readonly run: (request: Request, response: Response) => void | Promise<void>;
}

/** Joins a handler with the parsing of its inputs. */
export function defineOperation<
  Path extends FieldsSchema,
  Query extends FieldsSchema,
  Headers extends FieldsSchema,
  Body extends z.ZodType,
>(definition: OperationDefinition<Path, Query, Headers, Body>): Operation {
  const { params = {}, body, stream, handle, ...frame } = definition;
  return {
    ...frame,
    inputs: { path: params.path, query: params.query, headers: params.headers, body, stream },
    run(request, response) {
      const { caller = { is: 'anonymous' } } = factsOf(request);
      return handle({
        path: parsePart(params.path, () => request.params),
        query: parsePart(params.query, () => parseFormFields(queryOf(request.url))),
        headers: parsePart(params.headers, (schema) => pickHeaders(request, schema)),
        body: body === undefined ? (undefined as z.output<Body>) : readBody(body, request),
        caller,
        request,
        response,
      });
    },
  };
}

function parsePart<Schema extends FieldsSchema>(
  schema: Schema | undefined,
  read: (schema: Schema) => unknown,
): z.output<Schema> {
  return schema === undefined
    ? (undefined as z.output<Schema>)
    : parseInput(schema, read(schema), 'name');
}

function readBody<Schema extends z.ZodType>(
  { mediaTypes, schema, optional }: BodyInput<Schema>,
  request: Request,
): z.output<Schema> {
  const { body } = factsOf(request);
  if (optional && (body === undefined || body.length === 0)) {
    return undefined as z.output<Schema>;
  }
  const value = parseBody(body, request.get('Content-Type'), mediaTypes);
  return parseInput(schema, value, mediaTypes.includes(formMediaType) ? 'name' : 'pointer');
}

/** The headers that the schema names, by those names. */
function pickHeaders(request: Request, { shape }: FieldsSchema): Record<string, unknown> {
  return Object.fromEntries(Object.keys(shape).map((name) => [name, request.get(name)]));
}
