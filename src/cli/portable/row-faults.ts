import { type FileHandle, open } from 'node:fs/promises';
import type { Output } from '../output.ts';
import { Refusal } from '../refusal.ts';
import type { RowFault } from './import-row-source.ts';

/** stderr names so many rows; a file names all. */
const mostNoted = 20;

/** Where rows that failed are told. */
export interface RowFaults extends AsyncDisposable {
  /** Tells of a row once for each of its faults. */
  tell(line: number, faults: readonly RowFault[]): Promise<void>;
}

/** Tells them to `file`, one JSON object a line, or to stderr. Throws a `Refusal` when the file cannot be written. */
export async function openRowFaults(file: string | undefined, output: Output): Promise<RowFaults> {
  return file === undefined ? noteFaults(output) : writeFaults(await openFile(file));
}

function noteFaults({ note }: Output): RowFaults {
  let rows = 0;
  return {
    async tell(line, faults) {
      rows += 1;
      if (rows > mostNoted) return;
      for (const { field, detail } of faults) {
        note(`line ${line}${field === '' ? '' : `, ${field}`}: ${detail}`);
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
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new Refusal(`${file} cannot be written (${code})`);
  }
}
