import { randomBytes } from 'node:crypto';
import { createFleetAuth, refusedHeader } from '../cluster/fleet-auth.ts';
import { findSecret } from '../cluster/fleet-secret.ts';
import { type Config, readConfig } from '../config.ts';
import type { Rotating } from '../domain/rotating.ts';
import type { Environment } from './context.ts';
import { privateUrlOf } from './node-url.ts';
import { Refusal } from './refusal.ts';
import { describeSilence, type IncomingAnswer, sendRequest } from './send-request.ts';

/** A request to the API, with operator rights. */
export interface OperatorRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As at the public port, such as `/api/v1/links`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as they are, in place of a body. */
  readonly bytes?: Uint8Array;
}

/** What the API answered. */
export interface OperatorAnswer {
  readonly status: number;
  /** Parsed JSON; `undefined` when there was no body. */
  readonly body: unknown;
}

/** Asks the node of this machine. */
export interface Operator {
  /** Rejects with a `Refusal` when no node answers there, or it does not take this one's signature. */
  ask(request: OperatorRequest): Promise<OperatorAnswer>;
}

/** Long enough for a node that waits for its primary. */
const defaultTimeoutMs = 30_000;

/** Makes the operator of the node that the environment describes, which proves itself by the fleet's secret. */
export async function createOperator(
  env: Environment,
  timeoutMs: number = defaultTimeoutMs,
): Promise<Operator> {
  const config = readConfig(env);
  const auth = createFleetAuth({
    secrets: await readSecrets(config),
    node: config.node.id,
    clock: { now: () => Date.now(), monotonicMs: () => performance.now() },
    random: { bytes: (count) => randomBytes(count) },
  });
  const origin = privateUrlOf(config);

  async function send(
    request: OperatorRequest,
  ): Promise<[signed: Record<string, string>, answer: IncomingAnswer]> {
    const { method } = request;
    const path = `/operator${request.path}`;
    const { bytes, body: value } = request;
    const body = bytes ?? Buffer.from(value === undefined ? '' : JSON.stringify(value));
    const signed = auth.sign({ method, path, body });
    const headers =
      value === undefined ? signed : { ...signed, 'Content-Type': 'application/json' };
    try {
      return [signed, await sendRequest({ method, origin, path, headers, body, timeoutMs })];
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') {
        throw new Refusal(`no node answers at ${origin}; start it with "npm start"`);
      }
      throw new Refusal(`no node answers at ${origin}: ${describeSilence(error, timeoutMs)}`);
    }
  }

  return {
    async ask(request) {
      const [sent, first] = await send(request);
      // Once more when the node's clock differs: then the signature is made in its time.
      const answer = auth.learnTime(sent, first.headers) ? (await send(request))[1] : first;
      const refused = answer.headers[refusedHeader];
      if (refused !== undefined) throw refusedSignature(config, origin, String(refused));
      return { status: answer.status, body: parseBody(answer, origin) };
    },
  };
}

/** The secrets; an empty one when no node has run here, which the node then refuses like a wrong one. */
async function readSecrets({ fleet, storage }: Config): Promise<Rotating<string>> {
  try {
    return fleet?.secrets ?? [(await findSecret(storage.dataDir)) ?? ''];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new Refusal(
      `the secret in ${storage.dataDir} cannot be read (${code}); run this as the user that the node runs as`,
    );
  }
}

function refusedSignature(config: Config, origin: string, reason: string): Refusal {
  if (reason !== 'signature') {
    return new Refusal(`the node at ${origin} does not take the signature (${reason}); try again`);
  }
  return new Refusal(
    config.fleet === undefined
      ? `the node at ${origin} does not run with ${config.storage.dataDir}; set DATA_DIR to its folder, or PRIVATE_PORT to the port of the node you mean`
      : `the node at ${origin} has another FLEET_SECRET; set it as the node has it`,
  );
}

function parseBody({ text }: IncomingAnswer, origin: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(`what answers at ${origin} is not the private port of a node`);
  }
}
