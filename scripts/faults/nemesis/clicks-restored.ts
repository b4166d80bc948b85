import type { WorldNode } from '../world/world.ts';
import type { Fault } from './fault.ts';

const timeoutMs = 30_000;
/** What is counted in this time has to be counted again. */
const backMs = 8_000;

/** clicks.db is put back to what it was some seconds ago, on a primary that goes on: as a restore does, in small. */
export const clicksRestored: Fault = {
  name: 'clicks-restored',
  losesPrimary: false,
  async prepare(stage) {
    const primary = await stage.primary();
    return {
      targets: [primary.id],
      async start() {
        const copy = await call(primary, 'GET', '/export');
        await stage.hold(backMs);
        await call(primary, 'POST', '/import', copy);
      },
      async heal() {
        await stage.world.untilSettled();
      },
    };
  },
};

async function call(
  { process }: WorldNode,
  method: string,
  path: string,
  body?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${process.liteFsUrl}${path}?name=clicks.db`, {
    method,
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`LiteFS answered ${response.status} on ${path}`);
  return new Uint8Array(await response.arrayBuffer());
}
