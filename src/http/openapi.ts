import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import type { FailureKind } from '../domain/failure.ts';
import { bookmarkParameter, shownHeader } from './honour-bookmark.ts';
import type { Operation } from './operation.ts';
import { preferParameter } from './prefer-wait.ts';
import { failureKinds, problemMediaType, problemTypes } from './problem.ts';
import { writtenHeaders } from './write.ts';

/** The OpenAPI 3.1 document of the public port. */
export type OpenApiDocument = ReturnType<typeof createDocument>;

/** The body of every problem. */
const problemSchema = z
  .object({
    type: z.url().meta({ description: 'The kind; leads to a page that explains it.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What went wrong this time.' }),
    instance: z.string().meta({ description: 'Id of the request, as in X-Request-Id.' }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({
        description:
          'The fields at fault: JSON pointers (RFC 6901) into the body, or names of parameters and headers.',
      }),
  })
  .meta({ id: 'Problem' });

/** Makes the document of `operations`. Paths are in the order of the operations. */
export function createOpenApiDocument(
  operations: readonly Operation[],
  version: string,
): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ?? {};
    paths[operation.path] = path;
    path[operation.method] = toOperationObject(operation);
  }
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Hoplite',
      version,
      description: 'A link shortener that redirects from the node nearest to each visitor.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, or the admin key.' },
      },
    },
  });
}

function toOperationObject(operation: Operation): ZodOpenApiOperationObject {
  const { id, tag, summary, description, access, inputs } = operation;
  const { path, query, body, stream } = inputs;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(access === 'everyone' ? {} : { security: [{ key: [] }] }),
    requestParams: {
      ...(path === undefined ? {} : { path: path }),
      ...(query === undefined ? {} : { query: query }),
      ...toHeaderParameters(operation),
    },
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.optional,
            content: Object.fromEntries(
              body.mediaTypes.map((mediaType) => [mediaType, { schema: body.schema }]),
            ),
          },
        }),
    ...(stream === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              Object.entries(stream).map(([mediaType, schema]) => [mediaType, { schema }]),
            ),
          },
        }),
    responses: {
      ...toProblemResponses(operation),
      ...withHeadersOfForm(operation),
    } as ZodOpenApiResponsesObject,
  };
}

/** The headers that an operation takes: its own, and those that all of its form do. */
function toHeaderParameters({ inputs, commits, honoursBookmarks }: Operation): {
  header?: z.ZodObject;
} {
  const shape = {
    ...inputs.headers?.shape,
    ...(commits ? preferParameter : {}),
    ...(honoursBookmarks ? bookmarkParameter : {}),
  };
  return Object.keys(shape).length === 0 ? {} : { header: z.object(shape) };
}

/** The good answers of an operation, with the headers that all of its form have. */
function withHeadersOfForm(operation: Operation): Operation['responses'] {
  const { commits, honoursBookmarks, responses } = operation;
  const added = {
    ...(commits ? writtenHeaders : {}),
    ...(honoursBookmarks ? shownHeader : {}),
  };
  if (Object.keys(added).length === 0) return responses;
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      const { headers } = response;
      const own = headers instanceof z.ZodObject ? headers.shape : {};
      return [status, { ...response, headers: z.object({ ...own, ...added }) }];
    }),
  );
}

/** One response per status: kinds that share one are told apart by their `type`. */
function toProblemResponses(operation: Operation): ZodOpenApiResponsesObject {
  const kinds = failuresOf(operation);
  const responses: Record<string, ZodOpenApiResponsesObject[`${2}00`]> = {};
  for (const kind of failureKinds) {
    if (!kinds.has(kind)) continue;
    const { status, title } = problemTypes[kind];
    const others = responses[status]?.description;
    responses[status] = {
      description: others === undefined ? title : `${others}; ${title}`,
      content: {
        [problemMediaType]: { schema: problemSchema },
        'text/html': { schema: z.string() },
      },
    };
  }
  return responses as ZodOpenApiResponsesObject;
}

/** All kinds that an operation can fail with: those of its form, and its own. */
export function failuresOf({
  method,
  access,
  writes,
  inputs,
  failures = [],
}: Operation): Set<FailureKind> {
  const kinds = new Set<FailureKind>(['malformed', 'unavailable', 'internal']);
  if (access !== 'everyone') {
    kinds.add('unauthenticated').add('rate_limited').add('misdirected');
  }
  if (access === 'administrator' || method !== 'get') kinds.add('forbidden');
  if (writes) kinds.add('rate_limited').add('not_replicated');
  const hasBody = inputs.body !== undefined || inputs.stream !== undefined;
  if (inputs.query !== undefined || hasBody) kinds.add('invalid');
  if (hasBody) kinds.add('too_large').add('unsupported_media_type');
  for (const kind of failures) kinds.add(kind);
  return kinds;
}
