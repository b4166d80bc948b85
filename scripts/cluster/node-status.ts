import { z } from 'zod';
import type { NodeProcess } from './node-process.ts';

const callTimeoutMs = 1_000;

/** The parts of a node's private `/status` that the cluster looks at. */
const nodeAnswer = z.object({
  role: z.string(),
  /** The node that a replica follows. */
  primary: z.string().nullable(),
  position: z.object({ txid: z.string(), checksum: z.string() }).nullable(),
  epoch: z.number().nullable(),
  writerOpen: z.boolean(),
});

/** What a node says of itself. */
export type NodeAnswer = Readonly<z.output<typeof nodeAnswer>>;

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
  const said = await askNode(node);
  return {
    id: node.id,
    region: node.plan.region,
    url: node.url,
    state: said?.role ?? describeSilence(node),
    txid: said?.position?.txid ?? '',
  };
}

/** Asks a node on its private port; `undefined` when it does not run or gives no answer that it would give when it is well. */
export async function askNode(node: NodeProcess): Promise<NodeAnswer | undefined> {
  if (!node.isRunning) return undefined;
  try {
    const response = await fetch(`${node.privateUrl}/status`, {
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    return nodeAnswer.safeParse(await response.json()).data;
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
