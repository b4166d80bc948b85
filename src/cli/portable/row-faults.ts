import { type FileHandle, open, stat } from 'node:fs/promises';
import { fileRefusal } from '../file-refusal.ts';
import type { Output } from '../output.ts';
import { printable } from '../printable.ts';
import { Refusal } from '../refusal.ts';
import type { RowFault } from './import-row-source.ts';

/** stderr names so many rows; a file names all. */
const mostNoted = 20;

/** Where rows that failed are told. */
export interface RowFaults extends AsyncDisposable {
  /** Tells of a row once for each of its faults. */
  tell(line: number, faults: readonly RowFault[]): Promise<void>;
}

/**
 * Tells them to `file`, one JSON object a line, or to stderr. Throws a `Refusal` when the file cannot be written, or is the one
 * that is `imported`.
 */
export async function openRowFaults(
  file: string | undefined,
  { imported, output }: { readonly imported: string; readonly output: Output },
): Promise<RowFaults> {
  if (file === undefined) return noteFaults(output);
  if (await isSameFile(file, imported)) {
    throw new Refusal(`${file} is what is imported; name another file with --errors`);
  }
  return writeFaults(await openFile(file));
}

/** By whatever names. What cannot be looked at is not there, or is told when it is opened. */
async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.allSettled([stat(one), stat(other)]);
  if (first.status === 'rejected' || second.status === 'rejected') return false;
  return first.value.ino === second.value.ino && first.value.dev === second.value.dev;
}

function noteFaults({ note }: Output): RowFaults {
  let rows = 0;
  return {
    async tell(line, faults) {
      rows += 1;
      if (rows > mostNoted) return;
      for (const { field, detail } of faults) {
        note(printable(`line ${line}${field === '' ? '' : `, ${field}`}: ${detail}`));
      }
    },
    async [Symbol.asyncDispose]() {
      if (rows > mostNoted) note(`… and ${rows - mostNoted} more; --errors FILE names them all`);
    },
  };
}

function writeFaults(handle: FileHandle): RowFaults {
  return {
    async tell(line, faults) {
      const lines = faults.map((fault) => `${JSON.stringify({ line, ...fault })}\n`);
      await handle.appendFile(lines.join(''));
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'w', 0o600);
  } catch (error) {
    throw fileRefusal(file, 'written', error);
  }
}
