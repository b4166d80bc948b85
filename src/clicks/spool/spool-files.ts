/** A segment that grows, open for appending. */
export interface SegmentFile {
  /** One write at the end; gives how many bytes were taken. Throws the system's error. */
  append(bytes: Uint8Array): number;
  /** Cuts the file to a length in bytes. Throws the system's error. */
  truncate(length: number): void;
  /** Forces what was appended to the disk (`fdatasync`), away from this thread. */
  sync(): Promise<void>;
  close(): void;
}

/**
 * What a spool needs of a file system: one folder for each producer, files in them. Tests put a simulated disk in
 * its place, which loses what was not synced. All of it throws, or rejects with, the system's errors.
 */
export interface SpoolFiles {
  listFolders(): readonly string[];
  /** Makes a folder, and sees to it that a power cut does not take it away again. */
  makeFolder(folder: string): void;
  listFiles(folder: string): readonly { readonly name: string; readonly bytes: number }[];
  /**
   * What a copy of a file cannot have in common with it: inode and time of creation. Not the device, whose number can
   * be another after a restart.
   */
  findMark(folder: string, name: string): string;
  readFile(folder: string, name: string): Uint8Array;
  loadFile(folder: string, name: string): Promise<Uint8Array>;
  /** Opens a file for appending; it is made when there is none. */
  openSegment(folder: string, name: string): SegmentFile;
  /** Writes a whole file and forces it to the disk. Its name may still be lost until `syncFolder`. */
  writeFile(folder: string, name: string, bytes: Uint8Array): Promise<void>;
  /** Replaces `to` when it is there. */
  rename(folder: string, from: string, to: string): void;
  remove(folder: string, name: string): void;
  /** Forces the names in a folder to the disk. */
  syncFolder(folder: string): Promise<void>;
}
