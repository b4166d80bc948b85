import type { NodeId } from '../../domain/role.ts';
import { describeError } from '../describe-error.ts';
import { ask } from './ask.ts';
import type { ConsulFacts } from './facts.ts';
import type { ConsulPlace } from './settings.ts';

/** What is found under the key of the lease. */
export interface ConsulView {
  readonly facts: ConsulFacts;
  /** The nodes in the places for candidates. */
  readonly candidates: readonly NodeId[];
}

/** As for every call to Consul. */
const consulTimeoutMs = 2000;
const liteFsTimeoutMs = 1000;

/**
 * Asks Consul for everything at the key of the lease: the holder, and below it the id of the cluster, the mark and
 * the candidates. Never rejects: what is no plain answer counts as none.
 */
export async function observeConsul(place: ConsulPlace, self: NodeId): Promise<ConsulView> {
  try {
    const pairs = await readPairs(place);
    const lease = pairs.get(place.key);
    return {
      facts: {
        is: 'answering',
        key: place.key,
        clusterId: pairs.get(`${place.key}/clusterid`)?.value.trim() || undefined,
        holder: lease?.session === undefined ? undefined : await findHolder(lease.value, self),
        markEpoch: readEpoch(pairs.get(`${place.key}/mark`)?.value),
      },
      candidates: [1, 2].flatMap((number) =>
        textsOf(pairs.get(`${place.key}/candidates/${number}`)?.value, 'node'),
      ),
    };
  } catch (error) {
    const why = describeError(error);
    return { facts: { is: 'unreachable', why }, candidates: [] };
  }
}

/** Takes the mark away: what it stands for is lost. Rejects when Consul does not do so. */
export async function deleteMark(place: ConsulPlace): Promise<void> {
  const url = `${place.origin}/v1/kv/${place.key}/mark`;
  const { status } = await ask(url, {
    method: 'DELETE',
    timeoutMs: consulTimeoutMs,
    headers: headersOf(place),
  });
  if (status !== 200) throw new Error(`Consul answered ${status}`);
}

interface Pair {
  readonly value: string;
  readonly session: string | undefined;
}

/** Source of the form: Consul's KV store API, "Read Key". 404 says that there are no keys. */
async function readPairs(place: ConsulPlace): Promise<ReadonlyMap<string, Pair>> {
  const url = `${place.origin}/v1/kv/${place.key}?recurse=true`;
  const { status, text } = await ask(url, {
    timeoutMs: consulTimeoutMs,
    headers: headersOf(place),
  });
  if (status === 404) return new Map();
  if (status !== 200) throw new Error(`it answered ${status}`);
  const pairs = JSON.parse(text) as { Key: string; Value: string | null; Session?: string }[];
  return new Map(
    pairs.map(({ Key, Value, Session }) => [
      Key,
      { value: Buffer.from(Value ?? '', 'base64').toString('utf8'), session: Session },
    ]),
  );
}

function headersOf({ token }: ConsulPlace): Record<string, string> {
  return token === undefined ? {} : { 'X-Consul-Token': token };
}

/**
 * The node that holds the lease, if it is another one and its LiteFS leads: the lease of a node that has died stays for
 * up to 20 s (docs/facts.md, "Consul doubles the TTL").
 */
async function findHolder(lease: string, self: NodeId): Promise<NodeId | undefined> {
  const [node] = textsOf(lease, 'hostname');
  const [url] = textsOf(lease, 'advertise-url');
  if (node === undefined || url === undefined || node === self) return undefined;
  try {
    const { text } = await ask(new URL('/info', url).href, { timeoutMs: liteFsTimeoutMs });
    const { isPrimary } = JSON.parse(text) as { isPrimary?: unknown };
    return isPrimary === true ? node : undefined;
  } catch {
    // Whatever answers or does not: it is no LiteFS that leads.
    return undefined;
  }
}

function readEpoch(mark: string | undefined): number | undefined {
  if (mark === undefined) return undefined;
  const { epoch } = parseObject(mark);
  return typeof epoch === 'number' ? epoch : 0;
}

/** A text of a JSON object; none when it is not one. */
function textsOf(json: string | undefined, name: string): string[] {
  const value = parseObject(json ?? '')[name];
  return typeof value === 'string' && value !== '' ? [value] : [];
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
