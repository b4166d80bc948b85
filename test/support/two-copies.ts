import type { SlugCase } from '../../src/domain/domain-name.ts';
import { Failure } from '../../src/domain/failure.ts';
import type { Link } from '../../src/domain/link.ts';
import { foldSlug, type Slug } from '../../src/domain/slug.ts';
import type { Connection } from '../../src/storage/connection.ts';
import { reconcileDefaultDomain } from '../../src/storage/default-domain.ts';
import { raiseEpoch } from '../../src/storage/epoch.ts';
import { createLinkWriteStore } from '../../src/storage/link-write-store.ts';
import type { CopyState, DatabaseCopy } from './database-copy.ts';
import { makeLink } from './make-link.ts';

/** What a write does to a slug: it makes, edits or deletes its link. */
export interface LinkWrite {
  readonly slug: string;
  readonly isDelete: boolean;
  readonly settings: Partial<Link>;
}

/**
 * A node's copy of the links and that of the only other node, either of which may be the primary's. All of it
 * is what LiteFS and Hoplite's writer do to real databases; who is primary when is for a test to say.
 */
export class TwoCopies implements Disposable {
  readonly here: DatabaseCopy;
  readonly #there: DatabaseCopy;
  readonly #notes: CopyState[];
  #isPrimaryHere = true;
  /** Makes ids, destinations and times that are never the same. */
  #made = 0;

  constructor(here: DatabaseCopy, there: DatabaseCopy) {
    this.here = here;
    this.#there = there;
    this.#notes = [here.state];
  }

  /** Writes to links in one transaction of the primary. */
  write(writes: readonly LinkWrite[]): void {
    this.#primary.commit((connection) => {
      for (const write of writes) this.#writeLink(connection, write);
    });
  }

  /** Commits something that has nothing to do with links. */
  commitOther(): void {
    this.#made += 1;
    this.#primary.commit(({ database }) => {
      database
        .prepare(
          `INSERT INTO api_keys (name, prefix, secret_hash, created_at) VALUES ('', ?, '', 0)`,
        )
        .run(`key${this.#made}`);
    });
  }

  /** Cuts the front of the log of changes off, as the writer does when it has grown too long. */
  trimChanges(kept: number): void {
    this.#primary.commit(({ database }) => {
      database
        .prepare('DELETE FROM changes WHERE revision <= (SELECT max(revision) FROM changes) - ?')
        .run(kept);
    });
  }

  /** The primary is started again with another setting of its domain; where that cannot be, with the same. */
  restart(slugCase: SlugCase): void {
    try {
      this.#beginEpoch(this.#primary, slugCase);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#beginEpoch(this.#primary);
    }
  }

  /** The replica gets what the primary has, which after a failover may be less than it had. */
  replicate(): void {
    this.#replica.become(this.#primary.state);
  }

  /** The replica becomes primary with all that the primary had. */
  handOff(): void {
    this.replicate();
    this.failOver();
  }

  /** The replica becomes primary with what it has: the rest is lost, and the epoch may have a number again. */
  failOver(): void {
    this.#isPrimaryHere = !this.#isPrimaryHere;
    this.#beginEpoch(this.#primary);
  }

  /** Remembers what this node has. */
  note(): void {
    this.#notes.push(this.here.state);
  }

  /** This node's volume is put back to what it had once, or forward again. As primary it begins an epoch then. */
  goTo(note: number): void {
    this.note();
    this.here.become(this.#notes[note % this.#notes.length] as CopyState);
    if (this.#isPrimaryHere) this.#beginEpoch(this.here);
  }

  [Symbol.dispose](): void {
    this.here[Symbol.dispose]();
    this.#there[Symbol.dispose]();
  }

  get #primary(): DatabaseCopy {
    return this.#isPrimaryHere ? this.here : this.#there;
  }

  get #replica(): DatabaseCopy {
    return this.#isPrimaryHere ? this.#there : this.here;
  }

  #beginEpoch(copy: DatabaseCopy, slugCase?: SlugCase): void {
    this.#made += 1;
    const startedAt = this.#made;
    copy.commit((connection) => {
      raiseEpoch(connection, copy === this.here ? 'here' : 'there', startedAt);
      if (slugCase === undefined) return;
      reconcileDefaultDomain(
        connection,
        { host: `go${startedAt}.example.com`, slugCase },
        startedAt,
      );
    });
  }

  #writeLink(connection: Connection, { slug, isDelete, settings }: LinkWrite): void {
    this.#made += 1;
    const store = createLinkWriteStore(connection);
    const domain = store.getDomain(1);
    const slugKey = foldSlug(slug as Slug, domain.slugCase);
    const known = store.findLink(domain.id, slugKey);
    const destination = `https://example.com/${this.#made}`;
    const link = { ...makeLink({ slug, destination, ...settings, id: this.#made }), slugKey };
    if (known === undefined) store.insertLink(link);
    else if (isDelete) store.deleteLink(known);
    else store.updateLink({ ...link, id: known.id, slug: known.slug });
  }
}
