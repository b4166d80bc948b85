import type { Durability } from './durability.ts';
import type { NodeId, Role } from './role.ts';

/** What a node says of itself. `null` is what it does not know. */
export interface NodeReport {
  readonly node: NodeId;
  readonly region: string;
  readonly role: Role['is'];
  /** The node that it follows. */
  readonly primary: NodeId | null;
  readonly position: { readonly txid: string; readonly checksum: string } | null;
  readonly lagMs: number | null;
  readonly epoch: number | null;
  /** The newest migration in its copy. */
  readonly schema: number | null;
  /** What a write would be answered with; `null` on a node that takes none. */
  readonly durability: Durability | null;
  readonly otherCandidate: NodeId | null;
  readonly lease: {
    readonly holder: NodeId | null;
    readonly isOurs: boolean;
    readonly renewedMsAgo: number | null;
  } | null;
  /** What its guard sees besides the lease; `null` without a guard, or when that does not answer. */
  readonly guard: {
    /** Whether it may become primary. */
    readonly isCandidate: boolean;
    /** The holders of both places. */
    readonly candidates: readonly NodeId[];
    readonly consulAnsweredMsAgo: number | null;
    /** The most that a primary has had. */
    readonly mark: { readonly epoch: number; readonly txid: string; readonly node: NodeId } | null;
  } | null;
  /** Clicks that its own copy of the counts does not have yet, and how long the oldest of them waits. */
  readonly clicks: { readonly unconfirmed: number; readonly oldestMs: number } | null;
  /** The time of the backup that it shows in place of data of its own; `null` on all others. */
  readonly servesBackupOf: string | null;
  /** What it knows of the backups; `null` where none are made. */
  readonly backup: BackupStanding | null;
  readonly version: string;
  readonly uptimeS: number;
}

/** What a node knows of the backups. Ages in milliseconds. */
export interface BackupStanding {
  /** Whether it is the one that makes them. */
  readonly isOurTurn: boolean;
  /** Whether its last one failed, and not long ago: then others go before. */
  readonly isFailing: boolean;
  readonly newestAgeMs: number | null;
  /** Of the clicks in the newest one, which come less often. */
  readonly clicksAgeMs: number | null;
  /** Since one was restored for a trial and found good. */
  readonly verifiedAgeMs: number | null;
  /** Of the clicks in that one. */
  readonly verifiedClicksAgeMs: number | null;
  /** How long there are changes that are in no backup; 0 when there are none. */
  readonly unsavedMs: number;
  /** What went wrong last, as a kind and in a sentence, until something goes well again. */
  readonly failure: { readonly kind: string; readonly why: string } | null;
}

/** A node that is known, and what it said; `null` when it did not answer in time. */
export interface FleetNode {
  readonly node: NodeId;
  readonly report: NodeReport | null;
}

/** What is worth knowing of a fleet, in sentences. */
export interface FleetSummary {
  readonly isFine: boolean;
  /** The first says whether and how it can be written; the others what is wrong. */
  readonly sentences: readonly string[];
}

/** A replica further behind is worth a sentence, milliseconds. */
const muchLagMs = 5_000;
/** Clicks that wait for so long are worth one, milliseconds. */
const longUncountedMs = 60_000;
/** A trial is made each day; without one for so long nobody knows whether backups are good. */
const longUnverifiedMs = 26 * 3_600_000;
/** A first backup is tried at once; one is missed after so long. */
const firstTrialMs = 3_600_000;
/** Changes that are in no backup for so long are worth a sentence. */
const longUnsavedMs = 900_000;

/** Tells what is worth knowing of a fleet. */
export function summarizeFleet(nodes: readonly FleetNode[]): FleetSummary {
  const reports = nodes.flatMap(({ report }) => report ?? []);
  const silent = nodes.filter(({ report }) => report === null).map(({ node }) => node);
  const troubles = [
    ...silent.map((node) => `${node} does not answer.`),
    ...reports.flatMap(describeTroubles),
    ...describeBackups(reports),
    ...describeVersions(reports),
  ];
  const [writes, canReplicate] = describeWrites(nodes, reports);
  return { isFine: canReplicate && troubles.length === 0, sentences: [writes, ...troubles] };
}

function describeWrites(
  nodes: readonly FleetNode[],
  reports: readonly NodeReport[],
): readonly [sentence: string, isFine: boolean] {
  const [report] = reports;
  if (nodes.length === 1 && report !== undefined && report.servesBackupOf !== null) {
    const { node, servesBackupOf } = report;
    return [`${node} serves the backup of ${servesBackupOf}, which can only be read.`, true];
  }
  const primaries = reports.filter(({ role }) => role === 'primary');
  const [primary] = primaries;
  if (primary === undefined) {
    return ['No node that answers is the primary: nothing can be written.', false];
  }
  if (primaries.length > 1) {
    const names = primaries.map(({ node }) => node).join(' and ');
    return [`${names} each say that they are the primary.`, false];
  }
  const { node, durability, otherCandidate, position } = primary;
  if (nodes.length === 1 && position === null)
    return [`${node} runs alone and takes writes.`, true];
  if (durability === null) return [`${node} is the primary and takes no writes now.`, false];
  if (durability === 'replicated') {
    return [
      `${node} is the primary; ${otherCandidate ?? 'the other candidate'} has each write too.`,
      true,
    ];
  }
  return otherCandidate === null
    ? [
        `${node} is the primary; no other candidate is there, so writes are on one disk only.`,
        false,
      ]
    : [
        `${node} is the primary; ${otherCandidate} does not keep up, so writes are on one disk only.`,
        false,
      ];
}

function describeTroubles(report: NodeReport): string[] {
  const { node, role, lagMs, clicks, lease, guard } = report;
  if (report.servesBackupOf !== null) return [];
  const troubles = [];
  if (role === 'joining') troubles.push(`${node} has no copy of the links yet.`);
  if (role === 'detached') troubles.push(`${node} knows no primary.`);
  if (role === 'replica' && lagMs !== null && lagMs > muchLagMs) {
    troubles.push(`${node} is ${Math.round(lagMs / 1000)} s behind.`);
  }
  if (clicks !== null && clicks.oldestMs > longUncountedMs) {
    const minutes = Math.round(clicks.oldestMs / 60_000);
    troubles.push(`${clicks.unconfirmed} clicks of ${node} are not counted since ${minutes} min.`);
  }
  if (guard !== null && guard.candidates.length < 2 && lease?.isOurs === true) {
    troubles.push('Only one node may become primary.');
  }
  return troubles;
}

function describeBackups(reports: readonly NodeReport[]): string[] {
  const standings = reports.flatMap(({ backup }) => backup ?? []);
  if (standings.length === 0) return [];
  const troubles = reports.flatMap(({ node, backup }) =>
    backup?.isOurTurn === true ? describeTurn(node, backup) : [],
  );
  const ages = standings.flatMap(({ verifiedAgeMs }) => verifiedAgeMs ?? []);
  const verifiedAgeMs = Math.min(...ages);
  const longestUpMs = Math.max(...reports.map(({ uptimeS }) => uptimeS * 1000));
  if (ages.length === 0 && longestUpMs > firstTrialMs) {
    troubles.push(
      'No backup has been restored for a trial yet, so nobody knows whether one is good.',
    );
  }
  if (ages.length > 0 && verifiedAgeMs > longUnverifiedMs) {
    const hours = Math.round(verifiedAgeMs / 3_600_000);
    troubles.push(`No backup was restored for a trial since ${hours} h.`);
  }
  return troubles;
}

function describeTurn(node: NodeId, { failure, unsavedMs }: BackupStanding): string[] {
  const troubles = failure === null ? [] : [`Backups fail at ${node}: ${failure.why}`];
  if (unsavedMs > longUnsavedMs) {
    troubles.push(`What changed since ${Math.round(unsavedMs / 60_000)} min is in no backup.`);
  }
  return troubles;
}

/** Two releases at a time are a deployment; it is said, because it explains much. */
function describeVersions(reports: readonly NodeReport[]): string[] {
  const versions = [...new Set(reports.map(({ version }) => version))];
  return versions.length > 1 ? [`More than one release runs: ${versions.sort().join(', ')}.`] : [];
}
