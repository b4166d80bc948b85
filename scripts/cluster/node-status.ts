import { z } from 'zod';
import type { NodeProcess } from './node-process.ts';

const callTimeoutMs = 1_000;

/** The parts of a node's private `/status` that the table shows. */
const answer = z.object({
  role: z.string(),
  position: z.object({ txid: z.string(), checksum: z.string() }).nullish(),
});

/** What there is to say about a node in one line. */
export interface NodeStatus {
  readonly id: string;
  readonly region: string;
  readonly url: string;
  /** What the node says it is, or what the cluster knows about a node that says nothing. */
  readonly state: string;
  readonly txid: string;
}

/** Asks a node what it is. Never rejects: a node that does not answer is `starting`, `stopped` or `ended`. */
export async function readNodeStatus(node: NodeProcess): Promise<NodeStatus> {
  const said = await ask(node);
  return {
    id: node.id,
    region: node.plan.region,
    url: node.url,
    state: said?.role ?? describeSilence(node),
    txid: said?.position?.txid ?? '',
  };
}

async function ask(node: NodeProcess): Promise<z.output<typeof answer> | undefined> {
  if (!node.isRunning) return undefined;
  try {
    const response = await fetch(`${node.privateUrl}/status`, {
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    return answer.safeParse(await response.json()).data;
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return undefined;
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function describeSilence(node: NodeProcess): string {
  if (node.isRunning) return 'no answer';
  if (node.exit === undefined) return 'stopped';
  return `ended by itself (${node.exit.signal ?? `exit code ${node.exit.code}`})`;
}
