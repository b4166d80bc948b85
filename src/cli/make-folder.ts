import { mkdir } from 'node:fs/promises';
import { fileRefusal } from './file-refusal.ts';

/** Makes a folder that a person has named, for its owner alone, where it is not there yet. Rejects with a `Refusal`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileRefusal(folder, 'written', error);
  }
}
