import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createFleetAuth, refusedHeader } from '../cluster/fleet-auth.ts';
import { findSecret } from '../cluster/fleet-secret.ts';
import { type Config, readConfig } from '../config.ts';
import type { Rotating } from '../domain/rotating.ts';
import { systemClock } from '../system-clock.ts';
import type { Environment } from './context.ts';
import { privateUrlOf } from './node-url.ts';
import { Refusal } from './refusal.ts';
import {
  describeSilence,
  type IncomingAnswer,
  type OpenAnswer,
  type OutgoingRequest,
  openRequest,
  sendRequest,
} from './send-request.ts';

/** A request to the API, with operator rights. */
export interface OperatorRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As at the public port, such as `/api/v1/links`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as they are, in place of a body. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the API answered. */
export interface OperatorAnswer {
  readonly status: number;
  /** Parsed JSON; `undefined` when there was no body. */
  readonly body: unknown;
}

/** Nobody answered, or not to the end. Whoever may repeat the request can do so. */
export class NoAnswer extends Refusal {}

/** Asks the node of this machine. */
export interface Operator {
  /** Rejects with `NoAnswer` when no node answers there, and with a `Refusal` when it does not take this one's signature. */
  ask(request: OperatorRequest): Promise<OperatorAnswer>;
  /** The same for an answer that is read as it comes. */
  open(request: OperatorRequest): Promise<OpenAnswer>;
  /** Turns what broke off the body of an answer into a `NoAnswer`. */
  toNoAnswer(error: unknown): NoAnswer;
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
    clock: systemClock,
    random: { bytes: (count) => randomBytes(count) },
  });
  const origin = privateUrlOf(config);

  const toNoAnswer = (error: unknown): NoAnswer => {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') {
      return new NoAnswer(`no node answers at ${origin}; start it with "npm start"`);
    }
    return new NoAnswer(`no node answers at ${origin}: ${describeSilence(error, timeoutMs)}`);
  };

  async function send<Answer>(
    { method, bytes, ...request }: OperatorRequest,
    sendSigned: (outgoing: OutgoingRequest) => Promise<Answer>,
  ): Promise<[signed: Record<string, string>, answer: Answer]> {
    const path = `/operator${request.path}`;
    const { body: value } = request;
    const body = bytes ?? Buffer.from(value === undefined ? '' : JSON.stringify(value));
    const signed = auth.sign({ method, path, body });
    const type = value === undefined ? undefined : { 'Content-Type': 'application/json' };
    const headers = { ...request.headers, ...signed, ...type };
    try {
      return [signed, await sendSigned({ method, origin, path, headers, body, timeoutMs })];
    } catch (error) {
      throw toNoAnswer(error);
    }
  }

  /** Sends once more when the node's clock differs: then the signature is made in its time. */
  async function exchange<Answer extends { readonly headers: IncomingHttpHeaders }>(
    request: OperatorRequest,
    sendSigned: (outgoing: OutgoingRequest) => Promise<Answer>,
  ): Promise<Answer> {
    const [sent, first] = await send(request, sendSigned);
    const isLate = auth.learnTime(sent, first.headers);
    const answer = isLate ? (await send(request, sendSigned))[1] : first;
    const refused = answer.headers[refusedHeader];
    if (refused !== undefined) throw refusedSignature(config, origin, String(refused));
    return answer;
  }

  return {
    async ask(request) {
      const answer = await exchange(request, sendRequest);
      return { status: answer.status, body: parseBody(answer, origin) };
    },
    open: (request) => exchange(request, openRequest),
    toNoAnswer,
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
