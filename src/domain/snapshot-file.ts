/**
 * A SQLite file that is `links.db` and holds more: objects by key, in a table of its own. So a backup can be one file, which any
 * SQLite shows the links of.
 */
export interface SnapshotFile extends Disposable {
  write(key: string, body: Uint8Array): void;
  /** `undefined` where there is none of this key, and in a file that holds no objects at all. */
  read(key: string): Uint8Array | undefined;
}

/** How such files are made and read. */
export interface SnapshotFiles {
  /** Makes one out of a copy of `links.db`. A file of this path is overwritten. */
  create(linksFile: string, path: string): SnapshotFile;
  /** Opens one to read it. Throws a `DatabaseFault` when it is no whole SQLite file. */
  open(path: string): SnapshotFile;
  /** Copies `links.db` out of one, in DELETE mode and without the objects. Throws a `DatabaseFault`. */
  extractLinks(path: string, linksFile: string): void;
}
