import type { BackupEntry } from './list-backups.ts';

/** Whatever looks like the name of a part in a manifest that cannot be used. */
const partNames = /[0-9a-f]{32,128}-[0-9a-f]{16}/g;

/**
 * Which parts backups need. Backups share nearly all of theirs, and a name is kept once: a thousand backups of a thousand parts
 * take some megabytes.
 */
export class PartCensus {
  readonly #numbers = new Map<string, number>();
  readonly #needs = new Map<string, Uint32Array>();

  /** Counts a backup in. Of one that cannot be read, all that its text may mean counts. */
  add(backup: BackupEntry): void {
    const names =
      backup.is === 'sound'
        ? Object.values(backup.manifest.databases).flatMap(
            (database) => database?.parts.map(({ name }) => name) ?? [],
          )
        : (backup.text.match(partNames) ?? []);
    this.#needs.set(
      backup.name,
      Uint32Array.from(names, (name) => this.#toNumber(name)),
    );
  }

  /** The parts that are needed once these backups are gone. */
  without(backups: ReadonlySet<string>): { has(part: string): boolean } {
    const needed = new Set<number>();
    for (const [backup, parts] of this.#needs) {
      if (!backups.has(backup)) for (const part of parts) needed.add(part);
    }
    return {
      has: (part) => {
        const number = this.#numbers.get(part);
        return number !== undefined && needed.has(number);
      },
    };
  }

  #toNumber(name: string): number {
    const number = this.#numbers.get(name) ?? this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }
}
