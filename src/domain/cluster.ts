import type { Failure } from './failure.ts';
import type { Position } from './position.ts';
import type { NodeId, Role } from './role.ts';

/** This node's place in the fleet. Alone, the same interface always says `primary`. */
export interface Cluster {
  readonly node: NodeId;
  /** Where this node runs, such as `ams`; `local` when nothing says. */
  readonly region: string;
  role(): Role;
  /** Calls `listener` after each change of role, never with the current one at once. Returns the way to stop. */
  onRole(listener: (role: Role) => void): () => void;
  /** How far this node's copy of `links.db` is; `undefined` alone and while joining. Cheap: about 1 µs. */
  position(): Position | undefined;
  /** Milliseconds behind the primary by the primary's clock; `undefined` when unknown. Never an absolute truth. */
  lagMs(): number | undefined;
  /** Origin of a node's private port, such as `http://10.0.0.1:8081`; `undefined` when the node is not known. */
  privateUrl(node: NodeId): string | undefined;
}

/** Waits until this node's copy holds all that the primary had when the wait began. */
export interface CatchUp {
  /**
   * Resolves to `true` when this node is there (at once on the primary), `false` when that cannot be told
   * within the bound (1 s): no primary known, no answer, or not there in time. Never rejects.
   * All that wait at the same time share one question to the primary.
   */
  catchUp(): Promise<boolean>;
  /** What is said of a link that is not there, when this node never catches up; else `cannotCatchUp`. */
  readonly refusal?: Failure;
}
