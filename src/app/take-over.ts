import type { Logger } from 'pino';
import type { GuardClient } from '../cluster/guard-client.ts';
import type { PeerClient } from '../cluster/peer-client.ts';
import { TakeOver } from '../cluster/take-over.ts';
import type { SchemaVersions } from '../cluster/take-over-rule.ts';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import { handoffPath } from './lease-moves.ts';

/** A handoff and what it waits for. */
const answerTimeoutMs = 15_000;

/** Has this node ask for the lease while its release has migrations that the databases lack. */
export function startTakeOver(parts: {
  readonly cluster: Cluster;
  readonly guard: GuardClient;
  readonly peers: PeerClient;
  readonly known: SchemaVersions;
  /** Number of the newest migration that each database has; `undefined` without one. */
  readonly links: { schemaVersion(): Promise<number | undefined> };
  readonly clicks: { schemaVersion(): Promise<number | undefined> };
  readonly isKnownSchema: (schemaVersion: number) => boolean;
  readonly hasFailed: () => boolean;
  readonly log: Logger;
}): TakeOver {
  const { cluster, guard, peers, known } = parts;
  return new TakeOver({
    async readFacts() {
      const [links, clicks] = await Promise.all([
        parts.links.schemaVersion(),
        parts.clicks.schemaVersion(),
      ]);
      return {
        role: cluster.role(),
        isCandidate: guard.view()?.isCandidate ?? false,
        isReady: links !== undefined && parts.isKnownSchema(links),
        known,
        applied: links === undefined || clicks === undefined ? undefined : { links, clicks },
        hasFailed: parts.hasFailed(),
      };
    },
    async ask(primary, stop) {
      const body = Buffer.from(JSON.stringify({ to: cluster.node }));
      const request = { method: 'POST', path: handoffPath, body } as const;
      const signal = AbortSignal.any([stop, AbortSignal.timeout(answerTimeoutMs)]);
      const answer = await peers.send(primary, request, signal);
      if (answer !== undefined) return answer;
      throw new Failure('unavailable', `the private port of ${primary} is not known`);
    },
    log: parts.log,
  });
}
