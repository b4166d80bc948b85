import { Agent, type IncomingHttpHeaders, request as sendRequest } from 'node:http';
import type { Cluster } from '../domain/cluster.ts';
import type { NodeId } from '../domain/role.ts';
import type { FleetAuth } from './fleet-auth.ts';

/** A short question to another node's private port. */
export interface PeerRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Default: none. */
  readonly body?: Uint8Array;
}

/** What the other node said. */
export interface PeerAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends signed requests to other nodes. */
export interface PeerClient extends Disposable {
  /**
   * `undefined` when nobody knows where the node is. Rejects when it cannot be reached, when its answer is too long,
   * and when `signal` aborts. A node whose clock differs is asked twice.
   */
  send(node: NodeId, request: PeerRequest, signal: AbortSignal): Promise<PeerAnswer | undefined>;
}

/** In characters. */
const maxAnswerLength = 4096;

/**
 * Makes a client whose connections stay open: a request that meets a connection just being closed fails, so it
 * is for requests that can be sent again without harm.
 */
export function createPeerClient(options: {
  readonly cluster: Pick<Cluster, 'privateUrl'>;
  readonly auth: FleetAuth;
  /** How many requests to one node may be under way at a time; default 2. Further ones wait. */
  readonly maxSockets?: number;
}): PeerClient {
  const { cluster, auth, maxSockets = 2 } = options;
  const agent = new Agent({ keepAlive: true, maxSockets });

  async function sendOnce(
    origin: string,
    node: NodeId,
    request: PeerRequest,
    signal: AbortSignal,
  ): Promise<PeerAnswer | 'again'> {
    const signed = auth.sign({ ...request, to: node });
    const answer = await exchange(origin, request, signed, agent, signal);
    const isAboutTime = answer.status === 401 && auth.learnTime(signed, answer.headers);
    return isAboutTime ? 'again' : { status: answer.status, body: answer.body };
  }

  return {
    async send(node, request, signal) {
      const origin = cluster.privateUrl(node);
      if (origin === undefined) return undefined;
      const first = await sendOnce(origin, node, request, signal);
      if (first !== 'again') return first;
      const second = await sendOnce(origin, node, request, signal);
      return second === 'again' ? { status: 401, body: '' } : second;
    },

    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}

function exchange(
  origin: string,
  { method, path, body = new Uint8Array() }: PeerRequest,
  headers: Record<string, string>,
  agent: Agent,
  signal: AbortSignal,
): Promise<PeerAnswer & { readonly headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(new URL(origin), {
      method,
      path,
      headers: { ...headers, 'content-length': body.length },
      agent,
      signal,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      readShort(response).then(
        (text) => resolve({ status, headers: answered, body: text }),
        reject,
      );
    });
    request.end(body);
  });
}

async function readShort(response: NodeJS.ReadableStream): Promise<string> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) {
    body += chunk;
    if (body.length > maxAnswerLength) throw new Error('the answer is too long');
  }
  return body;
}
