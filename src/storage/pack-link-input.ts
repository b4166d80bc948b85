import type {
  CreateLinksInput,
  CreateLinksResult,
  ImportLinksInput,
  ImportLinksResult,
  WriterCommands,
} from '../domain/writer.ts';
import type { Waiting } from './mailbox.ts';

/** The commands whose input and result are megabytes, which take long to copy on both sides and so are given away. */
type BulkCommand = 'createLinks' | 'importLinks';

/** What of a command is given away, with its input and with its result. */
const buffers: {
  readonly [Name in BulkCommand & keyof WriterCommands]: {
    readonly ofInput: (input: unknown) => readonly ArrayBuffer[];
    readonly ofResult: (value: unknown) => readonly ArrayBuffer[];
  };
} = {
  createLinks: {
    ofInput: (input) => (input as CreateLinksInput).rows.map(({ buffer }) => buffer),
    ofResult: (value) => (value as CreateLinksResult).outcomes.map(({ buffer }) => buffer),
  },
  importLinks: {
    ofInput: (input) => [(input as ImportLinksInput).lines.buffer],
    ofResult: (value) => (value as ImportLinksResult).failures.map(({ buffer }) => buffer),
  },
};

/** Whether a command is so much work that it has a transaction to itself. */
export function isBulk(name: string): name is BulkCommand {
  return Object.hasOwn(buffers, name);
}

/** A command's input as it goes to the writer's thread. */
export function packLinkInput(name: string, input: unknown): ReturnType<Waiting['pack']> {
  return { input, transfer: isBulk(name) ? buffers[name].ofInput(input) : [] };
}

/** What is given away with the result of a command. */
export function resultBuffers(name: string, value: unknown): readonly ArrayBuffer[] {
  return isBulk(name) ? buffers[name].ofResult(value) : [];
}
