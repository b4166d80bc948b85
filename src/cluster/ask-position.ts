import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as sendRequest,
} from 'node:http';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Cluster } from '../domain/cluster.ts';
import { isTxid, type Progress } from '../domain/position.ts';
import type { NodeId } from '../domain/role.ts';
import type { FleetAuth } from './fleet-auth.ts';

/** Where a primary's private port tells its progress, as `{ epoch, txid }`, to whoever can sign. */
export const positionPath = '/position';

/** Asks a primary how far it is. */
export interface PositionQuestion extends Disposable {
  /**
   * The primary's progress, read after this call began; `undefined` when there is no usable answer or `signal` aborts.
   * Never rejects.
   */
  ask(primary: NodeId, signal: AbortSignal): Promise<Progress | undefined>;
}

/** In characters; a progress has about 50. */
const maxAnswerLength = 4096;

const progress = z.object({
  epoch: z.number().int().nonnegative(),
  txid: z.string().refine(isTxid),
});

/** Makes the question. It goes over a connection that stays open: asking twice does no harm. */
export function createPositionQuestion(options: {
  readonly cluster: Pick<Cluster, 'privateUrl'>;
  readonly auth: FleetAuth;
  readonly log: Logger;
}): PositionQuestion {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });

  async function askOnce(
    origin: string,
    primary: NodeId,
    signal: AbortSignal,
  ): Promise<Progress | 'again' | undefined> {
    const signed = options.auth.sign({ method: 'GET', path: positionPath, to: primary });
    const answer = await get(origin, signed, agent, signal);
    if (answer.status === 401 && options.auth.learnTime(signed, answer.headers)) return 'again';
    return answer.status === 200 ? progress.parse(JSON.parse(answer.body)) : undefined;
  }

  return {
    async ask(primary, signal) {
      const origin = options.cluster.privateUrl(primary);
      if (origin === undefined) return undefined;
      try {
        const told = await askOnce(origin, primary, signal);
        if (told !== 'again') return told;
        const second = await askOnce(origin, primary, signal);
        return second === 'again' ? undefined : second;
      } catch (err) {
        // Whatever went wrong, the primary's position is not known.
        options.log.debug({ err, primary }, 'position of the primary not known');
        return undefined;
      }
    },

    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function get(
  origin: string,
  headers: Record<string, string>,
  agent: Agent,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(new URL(origin), { path: positionPath, headers, agent, signal });
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      readShort(response).then((body) => resolve({ status, headers: answered, body }), reject);
    });
    request.end();
  });
}

async function readShort(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) {
    body += chunk;
    if (body.length > maxAnswerLength) throw new Error('the answer is too long');
  }
  return body;
}
