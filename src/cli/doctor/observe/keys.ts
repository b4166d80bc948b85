import { z } from 'zod';
import type { Environment } from '../../context.ts';
import { createOperator } from '../../operator.ts';
import { Refusal } from '../../refusal.ts';

const keyList = z.object({ keys: z.array(z.object({ revokedAt: z.string().nullable() })) });

const timeoutMs = 3000;

/** How many keys are not revoked; `undefined` when this node does not tell. */
export async function countKeys(env: Environment): Promise<number | undefined> {
  try {
    const operator = await createOperator(env, timeoutMs);
    const { body } = await operator.ask({ method: 'GET', path: '/api/v1/keys' });
    return keyList.safeParse(body).data?.keys.filter(({ revokedAt }) => revokedAt === null).length;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
