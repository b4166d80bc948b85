import { z } from 'zod';
import type { Config } from '../../../config.ts';
import { privateUrlOf, publicUrlOf } from '../../node-url.ts';
import { describeSilence, sendRequest } from '../../send-request.ts';
import { type NodeStatusFacts, observeNodeStatus } from './node-status.ts';

/** What came of a request to a health check. */
export type HealthFacts =
  | { readonly is: 'silent'; readonly why: string }
  | { readonly is: 'answering'; readonly status: number; readonly detail: string };

/** The app of this node, on both of its ports. */
export interface AppFacts {
  readonly url: string;
  readonly privateUrl: string;
  /** `/healthz`. */
  readonly health: HealthFacts;
  /** `/readyz`. */
  readonly readiness: HealthFacts;
  readonly status: NodeStatusFacts;
}

const timeoutMs = 3000;
const problem = z.object({ detail: z.string() });

/** Asks the app how it is. */
export async function observeApp(config: Config): Promise<AppFacts> {
  const url = publicUrlOf(config);
  const privateUrl = privateUrlOf(config);
  const [health, readiness, status] = await Promise.all([
    observeHealth(url, '/healthz'),
    observeHealth(url, '/readyz'),
    observeNodeStatus(privateUrl),
  ]);
  return { url, privateUrl, health, readiness, status };
}

async function observeHealth(origin: string, path: string): Promise<HealthFacts> {
  try {
    const { status, text } = await sendRequest({ method: 'GET', origin, path, timeoutMs });
    return { is: 'answering', status, detail: readDetail(text) };
  } catch (error) {
    return { is: 'silent', why: describeSilence(error, timeoutMs) };
  }
}

function readDetail(text: string): string {
  try {
    return problem.safeParse(JSON.parse(text)).data?.detail ?? '';
  } catch {
    return '';
  }
}
