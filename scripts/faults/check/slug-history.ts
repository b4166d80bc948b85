import type { Operation } from '../history.ts';

/** What a write leaves under its slug: a destination, or null. */
export function leaves(write: Operation): string | null {
  return write.op === 'delete' ? null : (write.arg.destination ?? null);
}

/**
 * Whether `one` took effect, if at all, before `other` began. One of several that want the same slug may come late when
 * its outcome is unknown; the other writers settle theirs first.
 */
export function isBefore(one: Operation, other: Operation): boolean {
  const mayComeLate = one.type === 'unknown' && one.op === 'createCustom';
  return !mayComeLate && one.returnedAt < other.invokedAt;
}

/** The writes under one slug, and what can be concluded from a value that was read there. */
export class SlugHistory {
  readonly slug: string;
  /** All that may have taken effect, in the order in which they began. */
  readonly writes: readonly Operation[];
  readonly #byDestination = new Map<string, Operation[]>();
  readonly #deletes: readonly Operation[];

  constructor(slug: string, writes: readonly Operation[]) {
    this.slug = slug;
    this.writes = writes;
    this.#deletes = writes.filter((write) => leaves(write) === null);
    for (const write of writes) {
      const destination = leaves(write);
      if (destination === null) continue;
      const same = this.#byDestination.get(destination);
      if (same === undefined) this.#byDestination.set(destination, [write]);
      else same.push(write);
    }
  }

  /** Whether it has named one link only, for all of the run. */
  get isOneLink(): boolean {
    const created = new Set(this.writes.filter((write) => write.op !== 'update').map(leaves));
    return created.size === 1 && !created.has(null);
  }

  /** The last write that was answered and that satisfies `condition`. */
  findLastOk(condition: (write: Operation) => boolean): Operation | undefined {
    return this.writes.findLast((write) => write.type === 'ok' && condition(write));
  }

  /**
   * Whether `value` can only be from before `write`: each write that leaves it ended before `write` began. Nothing at
   * all is what was before the first one.
   */
  isOlder(value: string | null, write: Operation): boolean {
    const explanations = value === null ? this.#deletes : (this.#byDestination.get(value) ?? []);
    return explanations.every(
      (each) => each !== write && leaves(each) !== leaves(write) && isBefore(each, write),
    );
  }
}
