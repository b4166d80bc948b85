import { z } from 'zod';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Durability } from '../domain/durability.ts';
import type { NodeId } from '../domain/role.ts';
import { defineOperation, type Operation } from './operation.ts';

/** What this node's copy of `links.db` says of itself; `undefined` while there is none. */
export interface DatabaseState {
  /** The number of the newest migration in it. */
  schemaVersion(): Promise<number | undefined>;
  /** How many primaries there have been. */
  epoch(): Promise<number | undefined>;
  /** Whether this code can work with that schema. */
  isKnownSchema(schemaVersion: number): boolean;
}

/** What the guard of this machine sees besides the lease. */
export interface GuardState {
  readonly isCandidate: boolean;
  readonly candidates: readonly NodeId[];
  readonly consulAnsweredMsAgo: number | undefined;
  readonly mark:
    | { readonly epoch: number; readonly txid: string; readonly node: NodeId }
    | undefined;
}

/** Clicks that this node's own copy of the counts does not have yet. */
export interface UnconfirmedClicks {
  readonly unconfirmed: number;
  readonly oldestMs: number;
}

/** What this node knows of the backups; ages in milliseconds. */
export type BackupState = NonNullable<NodeStatus['backup']>;

/** What a write meets on this node. */
export interface WriteState {
  /** What a write would be answered with now; `undefined` on a node that is not primary, or not sure of it. */
  readonly durability: Durability | undefined;
  /** The node that has to have a write before it is replicated; `undefined` when there is none. */
  readonly otherCandidate: NodeId | undefined;
  /** As the guard sees it; `undefined` when it does not answer or there is none. */
  readonly lease:
    | {
        readonly holder: NodeId | undefined;
        readonly isOurs: boolean;
        readonly renewedMsAgo: number | undefined;
      }
    | undefined;
}

export const nodeStatusSchema = z
  .object({
    node: z.string(),
    region: z.string(),
    role: z.enum(['joining', 'replica', 'primary', 'detached']),
    primary: z.string().nullable().meta({ description: 'The node that this one follows.' }),
    position: z
      .object({ txid: z.string(), checksum: z.string() })
      .nullable()
      .meta({ description: 'How far its copy of the links is; null on a single machine.' }),
    lagMs: z.number().nullable().meta({ description: 'Behind the primary, by its clock.' }),
    epoch: z.int().nullable().meta({ description: 'How many primaries there have been.' }),
    schema: z.int().nullable().meta({ description: 'The newest migration in its copy.' }),
    durability: z
      .enum(['replicated', 'local'])
      .nullable()
      .meta({ description: 'What a write would be now; null on a node that takes none.' }),
    otherCandidate: z
      .string()
      .nullable()
      .meta({ description: 'The node that has to have a write before it is replicated.' }),
    lease: z
      .object({
        holder: z.string().nullable(),
        isOurs: z.boolean(),
        renewedMsAgo: z.int().nullable(),
      })
      .nullable()
      .meta({ description: 'As the guard of this machine sees it; null without one.' }),
    guard: z
      .object({
        isCandidate: z.boolean().meta({ description: 'Whether this node may become primary.' }),
        candidates: z.array(z.string()),
        consulAnsweredMsAgo: z.int().nullable(),
        mark: z
          .object({ epoch: z.int(), txid: z.string(), node: z.string() })
          .nullable()
          .meta({ description: 'The most that a primary has had.' }),
      })
      .nullable()
      .meta({ description: 'What the guard of this machine sees; null without one.' }),
    clicks: z
      .object({ unconfirmed: z.int(), oldestMs: z.int() })
      .nullable()
      .meta({ description: 'Clicks that its own copy of the counts does not have yet.' }),
    servesBackupOf: z
      .string()
      .nullable()
      .meta({ description: 'The time of the backup that it shows; null with data of its own.' }),
    backup: z
      .object({
        isOurTurn: z.boolean().meta({ description: 'Whether this node makes the backups now.' }),
        isFailing: z
          .boolean()
          .meta({ description: 'Whether its last one failed within the last hour.' }),
        newestAgeMs: z.int().nullable(),
        clicksAgeMs: z.int().nullable().meta({ description: 'Of the clicks in the newest one.' }),
        verifiedAgeMs: z
          .int()
          .nullable()
          .meta({ description: 'Since one was restored for a trial and found good.' }),
        verifiedClicksAgeMs: z.int().nullable(),
        unsavedMs: z.int().meta({ description: 'How long there are changes that are in none.' }),
        failure: z
          .object({ kind: z.string(), why: z.string() })
          .nullable()
          .meta({ description: 'What went wrong last, until something goes well again.' }),
      })
      .nullable()
      .meta({ description: 'What it knows of the backups; null where none are made.' }),
    version: z.string().meta({ description: 'Of the program.' }),
    uptimeS: z.int(),
  })
  .meta({ id: 'NodeStatus' });

/** This node at the moment. */
export type NodeStatus = z.output<typeof nodeStatusSchema>;

/** Reads the status of this node. */
export type ReadNodeStatus = () => Promise<NodeStatus>;

/** Up since the call. */
export function createNodeStatus(deps: {
  readonly cluster: Cluster;
  readonly database: DatabaseState;
  readonly writeState: () => WriteState;
  /** `undefined` when there is no guard, or it does not answer. */
  readonly guardState: () => GuardState | undefined;
  readonly clicks: () => UnconfirmedClicks;
  /** `undefined` where no backups are made. */
  readonly backup: () => BackupState | undefined;
  readonly version: string;
  /** The time of the backup that this node shows, ISO 8601; `undefined` on one with data of its own. */
  readonly servesBackupOf?: string | undefined;
  readonly clock: Clock;
}): ReadNodeStatus {
  const { cluster, database, writeState, guardState, version, clock } = deps;
  const startedMs = clock.monotonicMs();
  return async () => {
    const [schema, epoch] = await Promise.all([database.schemaVersion(), database.epoch()]);
    const role = cluster.role();
    const { durability, otherCandidate, lease } = writeState();
    const guard = guardState();
    const { unconfirmed, oldestMs } = deps.clicks();
    return {
      node: cluster.node,
      region: cluster.region,
      role: role.is,
      primary: role.is === 'replica' ? role.primary : null,
      position: cluster.position() ?? null,
      lagMs: cluster.lagMs() ?? null,
      epoch: epoch ?? null,
      schema: schema ?? null,
      durability: durability ?? null,
      otherCandidate: otherCandidate ?? null,
      lease:
        lease === undefined
          ? null
          : {
              holder: lease.holder ?? null,
              isOurs: lease.isOurs,
              renewedMsAgo: toWholeMs(lease.renewedMsAgo),
            },
      guard:
        guard === undefined
          ? null
          : {
              isCandidate: guard.isCandidate,
              candidates: [...guard.candidates],
              consulAnsweredMsAgo: toWholeMs(guard.consulAnsweredMsAgo),
              mark: guard.mark ?? null,
            },
      clicks: { unconfirmed, oldestMs: Math.round(oldestMs) },
      servesBackupOf: deps.servesBackupOf ?? null,
      backup: deps.backup() ?? null,
      version,
      uptimeS: Math.floor((clock.monotonicMs() - startedMs) / 1000),
    };
  };
}

function toWholeMs(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

export function createStatusOperation(readStatus: ReadNodeStatus): Operation {
  return defineOperation({
    id: 'getStatus',
    method: 'get',
    path: '/api/v1/status',
    tag: 'Node',
    summary: 'The node that answers: its role and how far it is',
    access: 'user',
    writes: false,
    params: { query: z.strictObject({}) },
    responses: {
      200: {
        description: 'This node at the moment.',
        content: { 'application/json': { schema: nodeStatusSchema } },
      },
    },
    async handle({ response }) {
      response.json(await readStatus());
    },
  });
}
