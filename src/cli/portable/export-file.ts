import { type FileHandle, open, rm } from 'node:fs/promises';
import { fileRefusal } from '../file-refusal.ts';
import { Refusal } from '../refusal.ts';
import type { ExportWriting } from './export-form.ts';

/** Longer than any row: a destination has 8 KiB at most. */
const tailBytes = 262_144;

/** A file that an export is written to. Disposing closes it; a new one that no row came to, and no end, goes. */
export interface ExportFile extends AsyncDisposable {
  /** The id of the last link that is in it; 0 when there is none. */
  readonly after: number;
  write(rows: Buffer | string): Promise<void>;
  /** Forces it to the disk. */
  sync(): Promise<void>;
}

/**
 * Opens a file for an export. One that is there is only touched by a resumed export: then what a break left of a row is
 * cut off, and `after` tells where to go on. Throws a `Refusal` when the file is there, or is no export of this form.
 */
export async function openExportFile(
  path: string,
  writing: ExportWriting,
  resumes: boolean,
): Promise<ExportFile> {
  const handle = await openFile(path, resumes);
  try {
    const after = await prepare(handle, path, writing);
    // A new one without rows would be in the way of the same command once a node answers.
    let isKept = resumes;
    return {
      after,
      write(rows) {
        isKept = true;
        return handle.appendFile(rows);
      },
      sync() {
        isKept = true;
        return handle.sync();
      },
      async [Symbol.asyncDispose]() {
        await handle.close();
        if (!isKept) await rm(path, { force: true });
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openFile(path: string, resumes: boolean): Promise<FileHandle> {
  try {
    return await open(path, resumes ? 'a+' : 'ax+', 0o600);
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!isThere) throw fileRefusal(path, 'written', error);
    throw new Refusal(
      `${path} is there already; add --resume to go on with it, or take another name`,
    );
  }
}

/** Leaves whole rows alone in the file. */
async function prepare(handle: FileHandle, path: string, writing: ExportWriting): Promise<number> {
  const { size } = await handle.stat();
  const from = Math.max(0, size - tailBytes);
  const tail = await readFrom(handle, from, size);
  const end = tail.lastIndexOf(0x0a) + 1;
  const rows = tail.subarray(0, end).toString();
  const isBeginning = from === 0;
  const { head, mark } = writing;
  if (isBeginning && !tail.toString().startsWith(mark.slice(0, size))) throw notOfThisForm(path);
  if (isBeginning && rows.length < head.length) {
    await handle.truncate(0);
    await handle.appendFile(head);
    return 0;
  }
  const last = rows.trimEnd().split('\n').at(-1) ?? '';
  const isEmpty = isBeginning && rows === head;
  const after = isEmpty ? 0 : writing.findId(last);
  if (after === undefined) throw notOfThisForm(path);
  await handle.truncate(from + end);
  return after;
}

async function readFrom(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(to - from);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}

function notOfThisForm(path: string): Refusal {
  return new Refusal(
    `${path} is no export that this command began, with the same --format and --clicks; take another name`,
  );
}
