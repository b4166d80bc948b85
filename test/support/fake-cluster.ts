import type { Cluster } from '../../src/domain/cluster.ts';
import type { Position } from '../../src/domain/position.ts';
import { isSameRole, type NodeId, type Role } from '../../src/domain/role.ts';

/** A place in a fleet that a test moves by hand. */
export class FakeCluster implements Cluster {
  readonly node: NodeId;
  readonly region = 'ams';
  /** Private ports by node; every node has one unless this says otherwise. */
  privateUrls: (node: NodeId) => string | undefined = (node) => `http://${node}.test:8081`;
  /** What `position()` gives. */
  at: Position | undefined;
  #role: Role;
  readonly #listeners = new Set<(role: Role) => void>();

  constructor(role: Role, node = 'me') {
    this.#role = role;
    this.node = node;
  }

  role(): Role {
    return this.#role;
  }

  /** Changes the role and tells everybody, at once. */
  become(role: Role): void {
    if (isSameRole(role, this.#role)) return;
    this.#role = role;
    for (const listener of this.#listeners) listener(role);
  }

  onRole(listener: (role: Role) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How many listen for the role. */
  get listeners(): number {
    return this.#listeners.size;
  }

  position(): Position | undefined {
    return this.at;
  }

  lagMs(): number | undefined {
    return 0;
  }

  privateUrl(node: NodeId): string | undefined {
    return this.privateUrls(node);
  }
}
