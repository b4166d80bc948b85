import type { Operation } from '../history.ts';
import type { Stage } from './stage.ts';

type Door = ReturnType<Stage['client']['doorOf']>;

/**
 * Creates one link with a generated slug and an `Idempotency-Key`, whatever becomes of it; it leads to
 * `https://example.com/` and `name`, which nothing else may have.
 */
export async function writeOnce(
  { client }: Stage,
  { door, proc, name }: { readonly door: Door; readonly proc: string; readonly name: string },
): Promise<Operation> {
  const destination = `https://example.com/${name}`;
  const { operation } = await client.do({
    ...{ proc, op: 'create', key: null, door, method: 'POST', path: '/api/v1/links' },
    arg: { destination, idempotencyKey: name },
    headers: { 'Idempotency-Key': name },
    body: { destination },
  });
  return operation;
}
