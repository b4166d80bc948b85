import type { z } from 'zod';
import type { Context } from './context.ts';
import { createOperator, type OperatorAnswer, type OperatorRequest } from './operator.ts';
import { describeProblem } from './problem-text.ts';
import { Refusal } from './refusal.ts';

/**
 * Sends a request to this node's API and gives the answer's body in the form of `schema`. Throws a `Refusal` with the
 * words of the problem when the answer is one.
 */
export type AskApi = <Schema extends z.ZodType>(
  request: OperatorRequest,
  schema: Schema,
) => Promise<z.output<Schema>>;

/** How the environment's node is asked by a command that shows people what comes. */
export async function createAskApi(
  { env }: Pick<Context, 'env'>,
  timeoutMs?: number,
): Promise<AskApi> {
  const operator = await createOperator(env, timeoutMs);
  return async (request, schema) => {
    const answer = await operator.ask(request);
    if (isProblem(answer)) throw new Refusal(describeProblem(answer.body, answer.status));
    return schema.parse(answer.body);
  };
}

/** Runs one request for a program: prints what the API answers, problems too, which let the command fail. */
export async function printAnswer(
  { env, output, fail }: Context,
  request: OperatorRequest,
): Promise<void> {
  const answer = await (await createOperator(env)).ask(request);
  if (answer.body !== undefined) output.json(answer.body);
  if (isProblem(answer)) fail();
}

function isProblem({ status }: OperatorAnswer): boolean {
  return status >= 400;
}
