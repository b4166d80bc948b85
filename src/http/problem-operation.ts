import { z } from 'zod';
import type { Pages } from '../domain/pages.ts';
import { defineOperation, type Operation } from './operation.ts';
import { sendPage, wantsPage } from './page-answers.ts';
import { findProblemKind, problemTypes, problemTypeUri } from './problem.ts';
import { notFound } from './to-failure.ts';

const problemTypeSchema = z
  .object({ type: z.url(), title: z.string(), status: z.int(), description: z.string() })
  .meta({ id: 'ProblemType' });

/** What the `type` of a problem leads to: the kind in words, on every node. */
export function createProblemOperation(baseUrl: string, pages: Pages): Operation {
  return defineOperation({
    id: 'getProblemType',
    method: 'get',
    path: '/problems/{kind}',
    tag: 'Pages',
    summary: 'What a type of problem means',
    access: 'everyone',
    writes: false,
    params: { path: z.object({ kind: z.string() }) },
    responses: {
      200: {
        description: 'The type.',
        content: {
          'application/json': { schema: problemTypeSchema },
          'text/html': { schema: z.string() },
        },
      },
    },
    failures: ['not_found'],
    handle({ path, request, response }) {
      const kind = findProblemKind(path.kind);
      if (kind === undefined) throw notFound();
      const { status, title, description } = problemTypes[kind];
      response.vary('Accept');
      if (wantsPage(request)) {
        sendPage(response, 200, pages.problem({ status, title, detail: description }));
      } else {
        response.json({ type: problemTypeUri(baseUrl, kind), title, status, description });
      }
    },
  });
}
