import type { Progress } from '../domain/position.ts';
import { type Mark, parseMark, toProgress } from './mark.ts';

/** The numbers of the candidate places. Two, because a write is acknowledged by one other candidate. */
export const placeNumbers = [1, 2] as const;
export type PlaceNumber = (typeof placeNumbers)[number];

/** A candidate place that a node holds. */
export interface TakenPlace {
  readonly number: PlaceNumber;
  readonly session: string;
  readonly node: string;
  /** Origin of that node's LiteFS. */
  readonly litefsUrl: string;
  /** While that node is refused the lease: how far it is. */
  readonly progress: Progress | undefined;
}

/** What lies in Consul at and below the key of the lease, read in one call. */
export interface ConsulTree {
  readonly lease:
    | { readonly session: string; readonly holder: string | undefined; readonly index: number }
    | undefined;
  readonly mark: Mark | undefined;
  /** For check-and-set: 0 where there is no mark. */
  readonly markIndex: number;
  /** Places whose session lives. */
  readonly places: readonly TakenPlace[];
}

/** What the value of the lease's key says of the primary. */
export interface PrimaryInfo {
  readonly hostname: string;
  readonly advertiseUrl: string;
}

interface Entry {
  readonly key: string;
  readonly value: string;
  readonly session: string | undefined;
  readonly index: number;
}

/** The keys of the guards, beside LiteFS's own `KEY` and `KEY/clusterid`. */
export function markKey(key: string): string {
  return `${key}/mark`;
}
export function placeKey(key: string, place: PlaceNumber): string {
  return `${key}/candidates/${place}`;
}

/**
 * Reads Consul's answer to a recursive read of `key`, the lease's key with its prefix. Throws when it is not what LiteFS
 * and guards write.
 */
export function parseTree(body: string, key: string): ConsulTree {
  const entries = new Map(parseEntries(body).map((entry) => [entry.key, entry]));
  const lease = entries.get(key);
  const mark = entries.get(markKey(key));
  const places = placeNumbers
    .map((number) => toPlace(number, entries.get(placeKey(key, number))))
    .filter((place) => place !== undefined);
  return {
    lease:
      lease?.session === undefined
        ? undefined
        : {
            session: lease.session,
            holder: parsePrimaryInfo(lease.value)?.hostname,
            index: lease.index,
          },
    mark: mark === undefined ? undefined : parseMark(mark.value),
    markIndex: mark?.index ?? 0,
    places,
  };
}

/** Parses the value that LiteFS writes under the lease's key; `undefined` for the empty one of a released lease. */
export function parsePrimaryInfo(text: string): PrimaryInfo | undefined {
  if (text === '') return undefined;
  const value = JSON.parse(text);
  const { hostname, 'advertise-url': advertiseUrl } = value ?? {};
  if (typeof hostname !== 'string' || typeof advertiseUrl !== 'string') return undefined;
  return { hostname, advertiseUrl };
}

/** The entries of a KV answer, with their values decoded. Throws when it is none. */
export function parseEntries(body: string): Entry[] {
  const list: unknown = JSON.parse(body);
  if (!Array.isArray(list)) throw new Error('Consul did not answer with a list of keys');
  return list.map(({ Key, Value, Session, ModifyIndex }) => ({
    key: String(Key),
    value: Value === null ? '' : Buffer.from(String(Value), 'base64').toString('utf8'),
    session: typeof Session === 'string' && Session !== '' ? Session : undefined,
    index: Number(ModifyIndex),
  }));
}

function toPlace(number: PlaceNumber, entry: Entry | undefined): TakenPlace | undefined {
  if (entry?.session === undefined) return undefined;
  const { node, litefsUrl, progress } = JSON.parse(entry.value);
  return {
    ...{ number, session: entry.session },
    ...{ node: String(node), litefsUrl: String(litefsUrl) },
    progress: toProgress(progress),
  };
}
