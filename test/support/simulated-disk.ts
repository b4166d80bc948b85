import type { SegmentFile, SpoolFiles } from '../../src/clicks/spool/spool-files.ts';

/** A change to a file that a power cut can still take away. */
type Change = { readonly append: Uint8Array } | { readonly truncate: number };

/** A file, whatever its names are. */
interface Content {
  readonly mark: number;
  /** What a process sees. */
  bytes: Buffer;
  /** What the disk has for certain, and what came after. */
  synced: Buffer;
  unsynced: Change[];
}

/** A change to the names in a folder that a power cut can still take away. */
type NameChange =
  | { readonly put: string; readonly content: Content }
  | { readonly move: string; readonly to: string }
  | { readonly remove: string };

interface Folder {
  names: Map<string, Content>;
  synced: Map<string, Content>;
  unsynced: NameChange[];
}

/** A number from 0 to `max`, both included. */
export type Pick = (max: number) => number;

/** Chance that is the same for the same seed. */
export function somePick(seed: number): Pick {
  let state = seed;
  return (max) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % (max + 1);
  };
}

export interface SimulatedDiskOptions {
  /** What can be stored, in bytes of files; past it `ENOSPC`, after as much of a write as fits. */
  readonly capacity?: number;
  readonly pause?: (call: string) => Promise<void>;
}

/**
 * A disk in memory that forgets what was not synced. Each call of `SpoolFiles` or `SegmentFile` is an operation:
 * they are counted, can be made to fail, and after `stop` all of them do.
 */
export class SimulatedDisk implements SpoolFiles {
  capacity: number;
  /** Called before each operation with its number, from 1, and name; what it throws is the operation's error. */
  onOperation: (number: number, call: string) => void = () => undefined;
  /** Awaited before what `sync`, `loadFile`, `writeFile` and `syncFolder` do takes effect. Copies have it too. */
  pause: (call: string) => Promise<void>;
  #folders = new Map<string, Folder>();
  #operations = 0;
  #failures = 0;
  #stopped = false;
  #nextMark = 1;

  constructor(options: SimulatedDiskOptions = {}) {
    this.capacity = options.capacity ?? Number.MAX_SAFE_INTEGER;
    this.pause = options.pause ?? (() => Promise.resolve());
  }

  /** How many operations there were. */
  get operations(): number {
    return this.#operations;
  }

  /** How many operations failed because `onOperation` said so. */
  get failures(): number {
    return this.#failures;
  }

  /** Bytes of all files. */
  get bytes(): number {
    let sum = 0;
    for (const { names } of this.#folders.values()) {
      for (const { bytes } of names.values()) sum += bytes.length;
    }
    return sum;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** The process is dead: from now on each operation of it fails and changes nothing. */
  stop(): void {
    this.#stopped = true;
  }

  /** What the next process finds after this one died: all that was written. The old disk is stopped. */
  crash(): SimulatedDisk {
    this.stop();
    return this.#copy((folder, contentOf) => {
      const names = new Map([...folder.names].map(([name, content]) => [name, contentOf(content)]));
      const synced = new Map(
        [...folder.synced].map(([name, content]) => [name, contentOf(content)]),
      );
      const unsynced = folder.unsynced.map((change) =>
        'put' in change ? { ...change, content: contentOf(change.content) } : change,
      );
      return { names, synced, unsynced };
    });
  }

  /**
   * What a process finds after the power was cut: of what was not synced, of each file and each folder, a beginning
   * that `pick` chooses; the append after it may be there in part, or as zeros. The old disk is stopped.
   */
  losePower(pick: Pick): SimulatedDisk {
    this.stop();
    return this.#copy(
      (folder, contentOf) => {
        const names = new Map(folder.synced);
        for (const change of folder.unsynced.slice(0, pick(folder.unsynced.length))) {
          applyNameChange(names, change);
        }
        const kept = new Map([...names].map(([name, content]) => [name, contentOf(content)]));
        return { names: kept, synced: new Map(kept), unsynced: [] };
      },
      (content) => {
        const bytes = tear(content, pick);
        return { mark: content.mark, bytes, synced: Buffer.from(bytes), unsynced: [] };
      },
    );
  }

  /** The same blocks on another volume, as a snapshot of it has them: even the marks are the same. */
  fork(): SimulatedDisk {
    const wasStopped = this.#stopped;
    const copy = this.crash();
    this.#stopped = wasStopped;
    return copy;
  }

  /** All files copied one by one, so that no copy has the mark of its original. */
  copyFiles(): SimulatedDisk {
    const copy = new SimulatedDisk({ capacity: this.capacity, pause: this.pause });
    copy.#nextMark = this.#nextMark;
    for (const [folder, { names }] of this.#folders) {
      const copied = new Map(
        [...names].map(([name, { bytes }]) => [name, copy.#makeContent(Buffer.from(bytes))]),
      );
      copy.#folders.set(folder, { names: copied, synced: new Map(copied), unsynced: [] });
    }
    return copy;
  }

  /** Changes the bytes of a file behind everybody's back. */
  damage(folder: string, name: string, change: (bytes: Buffer) => Uint8Array): void {
    const content = this.#contentOf(folder, name);
    content.bytes = Buffer.from(change(Buffer.from(content.bytes)));
    content.synced = Buffer.from(content.bytes);
    content.unsynced = [];
  }

  /** The names in every folder, sorted: `folder/name`. */
  list(): string[] {
    return [...this.#folders]
      .flatMap(([folder, { names }]) => [...names.keys()].map((name) => `${folder}/${name}`))
      .sort();
  }

  listFolders(): readonly string[] {
    this.#operate('listFolders');
    return [...this.#folders.keys()].sort();
  }

  makeFolder(folder: string): void {
    this.#operate('makeFolder');
    if (!this.#folders.has(folder)) {
      this.#folders.set(folder, { names: new Map(), synced: new Map(), unsynced: [] });
    }
  }

  listFiles(folder: string): readonly { readonly name: string; readonly bytes: number }[] {
    this.#operate('listFiles');
    return [...this.#folderOf(folder).names].map(([name, { bytes }]) => ({
      name,
      bytes: bytes.length,
    }));
  }

  findMark(folder: string, name: string): string {
    this.#operate('findMark');
    return String(this.#contentOf(folder, name).mark);
  }

  readFile(folder: string, name: string): Uint8Array {
    this.#operate('readFile');
    return Buffer.from(this.#contentOf(folder, name).bytes);
  }

  async loadFile(folder: string, name: string): Promise<Uint8Array> {
    await this.pause('loadFile');
    this.#operate('loadFile');
    return Buffer.from(this.#contentOf(folder, name).bytes);
  }

  openSegment(folder: string, name: string): SegmentFile {
    this.#operate('openSegment');
    const { names } = this.#folderOf(folder);
    const content = names.get(name) ?? this.#makeContent();
    if (!names.has(name)) this.#changeName(folder, { put: name, content });
    let isOpen = true;
    const operate = (call: string) => {
      this.#operate(call);
      if (!isOpen) throw systemError('EBADF', call);
    };
    return {
      append: (bytes) => {
        operate('append');
        return this.#append(content, bytes);
      },
      truncate: (length) => {
        operate('truncate');
        change(content, { truncate: length });
      },
      sync: async () => {
        // The system takes what is written when the call comes; a later append may or may not be in it.
        await this.pause('sync');
        operate('sync');
        content.synced = Buffer.from(content.bytes);
        content.unsynced = [];
      },
      close: () => {
        operate('close');
        isOpen = false;
      },
    };
  }

  async writeFile(folder: string, name: string, bytes: Uint8Array): Promise<void> {
    await this.pause('writeFile');
    this.#operate('writeFile');
    const { names } = this.#folderOf(folder);
    let content = names.get(name);
    if (content === undefined) {
      content = this.#makeContent();
      this.#changeName(folder, { put: name, content });
    } else {
      change(content, { truncate: 0 });
    }
    if (this.#append(content, bytes) < bytes.length) throw systemError('ENOSPC', 'writeFile');
    content.synced = Buffer.from(content.bytes);
    content.unsynced = [];
  }

  rename(folder: string, from: string, to: string): void {
    this.#operate('rename');
    this.#contentOf(folder, from);
    this.#changeName(folder, { move: from, to });
  }

  remove(folder: string, name: string): void {
    this.#operate('remove');
    this.#contentOf(folder, name);
    this.#changeName(folder, { remove: name });
  }

  async syncFolder(folder: string): Promise<void> {
    await this.pause('syncFolder');
    this.#operate('syncFolder');
    const found = this.#folderOf(folder);
    found.synced = new Map(found.names);
    found.unsynced = [];
  }

  #operate(call: string): void {
    if (this.#stopped) throw systemError('EIO', call);
    this.#operations += 1;
    try {
      this.onOperation(this.#operations, call);
    } catch (error) {
      this.#failures += 1;
      throw error;
    }
    // The hook may stop the disk in the middle of the history.
    if (this.#stopped) throw systemError('EIO', call);
  }

  #append(content: Content, bytes: Uint8Array): number {
    const room = Math.max(0, this.capacity - this.bytes);
    if (room === 0 && bytes.length > 0) throw systemError('ENOSPC', 'append');
    const taken = Math.min(room, bytes.length);
    change(content, { append: Uint8Array.from(bytes.subarray(0, taken)) });
    return taken;
  }

  #makeContent(bytes: Buffer = Buffer.alloc(0)): Content {
    this.#nextMark += 1;
    return { mark: this.#nextMark, bytes, synced: Buffer.from(bytes), unsynced: [] };
  }

  #changeName(folder: string, made: NameChange): void {
    const found = this.#folderOf(folder);
    applyNameChange(found.names, made);
    found.unsynced.push(made);
  }

  #folderOf(folder: string): Folder {
    const found = this.#folders.get(folder);
    if (found === undefined) throw systemError('ENOENT', folder);
    return found;
  }

  #contentOf(folder: string, name: string): Content {
    const found = this.#folderOf(folder).names.get(name);
    if (found === undefined) throw systemError('ENOENT', `${folder}/${name}`);
    return found;
  }

  #copy(
    copyFolder: (folder: Folder, contentOf: (content: Content) => Content) => Folder,
    copyContent: (content: Content) => Content = (content) => ({
      ...content,
      bytes: Buffer.from(content.bytes),
      unsynced: [...content.unsynced],
    }),
  ): SimulatedDisk {
    const copy = new SimulatedDisk({ capacity: this.capacity, pause: this.pause });
    copy.#nextMark = this.#nextMark;
    const copies = new Map<Content, Content>();
    const contentOf = (content: Content): Content => {
      const made = copies.get(content) ?? copyContent(content);
      copies.set(content, made);
      return made;
    };
    for (const [name, folder] of this.#folders) {
      copy.#folders.set(name, copyFolder(folder, contentOf));
    }
    return copy;
  }
}

/** An error as the system gives it. */
export function systemError(code: string, call: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${call}`), { code, syscall: call });
}

function change(content: Content, made: Change): void {
  content.bytes = applyChange(content.bytes, made);
  content.unsynced.push(made);
}

function applyChange(bytes: Buffer, made: Change): Buffer {
  return 'append' in made
    ? Buffer.concat([bytes, made.append])
    : Buffer.from(bytes.subarray(0, made.truncate));
}

function applyNameChange(names: Map<string, Content>, made: NameChange): void {
  if ('put' in made) {
    names.set(made.put, made.content);
    return;
  }
  const from = 'move' in made ? made.move : made.remove;
  const content = names.get(from);
  names.delete(from);
  if ('move' in made && content !== undefined) names.set(made.to, content);
}

function tear({ synced, unsynced }: Content, pick: Pick): Buffer {
  const count = pick(unsynced.length);
  let bytes: Buffer = Buffer.from(synced);
  for (const made of unsynced.slice(0, count)) bytes = applyChange(bytes, made);
  const next = unsynced[count];
  if (next === undefined || !('append' in next)) return bytes;
  const torn = Buffer.from(next.append.subarray(0, pick(next.append.length)));
  // A file can have grown before its blocks were written.
  if (pick(3) === 0) torn.fill(0);
  return Buffer.concat([bytes, torn]);
}
