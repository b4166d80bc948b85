import type { CreateLinksInput, CreateLinksResult, WriterCommands } from '../domain/writer.ts';
import type { Waiting } from './mailbox.ts';

/** The command whose input and result are megabytes, which take long to copy on both sides and so are given away. */
const bulkCommand = 'createLinks' satisfies keyof WriterCommands;

/** Whether a command is so much work that it has a transaction to itself. */
export function isBulk(name: string): boolean {
  return name === bulkCommand;
}

/** A command's input as it goes to the writer's thread. */
export function packLinkInput(name: string, input: unknown): ReturnType<Waiting['pack']> {
  if (!isBulk(name)) return { input, transfer: [] };
  return { input, transfer: (input as CreateLinksInput).rows.map(({ buffer }) => buffer) };
}

/** What is given away with the result of a command. */
export function resultBuffers(name: string, value: unknown): readonly ArrayBuffer[] {
  return isBulk(name) ? (value as CreateLinksResult).outcomes.map(({ buffer }) => buffer) : [];
}
