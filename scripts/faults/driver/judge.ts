import type { Operation, OperationName } from '../history.ts';
import type { Answer } from './ask.ts';

/** What an answer says about the operation it is of. */
export type Verdict = Pick<Operation, 'type' | 'value' | 'error' | 'retryAfter' | 'replicated'> & {
  /** The slug that a create was given. */
  readonly key?: string;
};

const reads: ReadonlySet<OperationName> = new Set(['follow', 'followNew', 'get', 'list', 'stats']);

/** Judges a whole answer: definitely done, definitely not done, or unknown (../history.ts). */
export function judgeAnswer(op: OperationName, answer: Answer): Verdict {
  const { status } = answer;
  if (op === 'follow' || op === 'followNew') return judgeRedirect(answer);
  if (status >= 200 && status < 300) return { type: 'ok', ...readBody(op, answer) };
  const retryAfter = answer.headers['retry-after'] !== undefined;
  const refused = { error: describe(answer), ...(status >= 500 && { retryAfter }) };
  if (op === 'get' && status === 404) return { type: 'ok', value: null };
  if (reads.has(op)) return { type: 'fail', ...refused };
  return { type: isEffectUnknown(answer) ? 'unknown' : 'fail', ...refused };
}

function judgeRedirect(answer: Answer): Verdict {
  const { status, headers } = answer;
  if (status === 404) return { type: 'ok', value: null };
  if (status >= 300 && status < 400) {
    return { type: 'ok', value: headers.location ?? '' };
  }
  const retryAfter = headers['retry-after'] !== undefined;
  // A proxy that lost its node in the middle says nothing about whether the hit was counted.
  const type = isOfEdge(answer) ? 'unknown' : 'fail';
  return { type, error: describe(answer), ...(status >= 500 && { retryAfter }) };
}

/** Whether a write that was refused may have been done. The edge does not know; a node that does not says so. */
function isEffectUnknown(answer: Answer): boolean {
  if (answer.status < 500) return false;
  if (isOfEdge(answer)) return true;
  const said = readJson(answer) as { type?: unknown; detail?: unknown };
  const isDone = typeof said.type === 'string' && said.type.endsWith('not-replicated');
  // Only what is said to have changed nothing, or never to have reached a writer, is a refusal.
  return isDone || answer.status !== 503 || /not known/.test(String(said.detail));
}

/** `fly-edge-error` is of the emulated edge alone (scripts/edge/client.ts). */
function isOfEdge(answer: Answer): boolean {
  return answer.headers['fly-edge-error'] !== undefined;
}

function readBody(op: OperationName, answer: Answer): Omit<Verdict, 'type'> {
  if (answer.body === '') return {};
  const body = readJson(answer);
  switch (op) {
    case 'create':
    case 'createCustom':
    case 'recreate':
    case 'update': {
      const link = body as { slug: string; replicated?: boolean };
      return {
        key: link.slug,
        ...(link.replicated !== undefined && { replicated: link.replicated }),
      };
    }
    case 'get':
      return { value: (body as { destination: string }).destination };
    case 'list': {
      const { links } = body as { links: { slug: string; destination: string }[] };
      return { value: Object.fromEntries(links.map((link) => [link.slug, link.destination])) };
    }
    case 'stats':
      return { value: (body as { clicks: { total: number } | null }).clicks?.total ?? 0 };
    default:
      return {};
  }
}

function describe(answer: Answer): string {
  const edge = answer.headers['fly-edge-error'];
  if (edge !== undefined) return `${answer.status} ${edge}: ${answer.body.trim()}`;
  const { detail } = readJson(answer) as { detail?: unknown };
  if (answer.headers['fly-replay'] !== undefined) return `${answer.status} replay elsewhere`;
  return `${answer.status} ${typeof detail === 'string' ? detail : ''}`.trim();
}

function readJson(answer: Answer): object {
  if (!/json/.test(answer.headers['content-type'] ?? '')) return {};
  return JSON.parse(answer.body) as object;
}
