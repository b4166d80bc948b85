import type { ClickCommands, MergeClicksInput } from '../domain/writer.ts';
import type { Waiting } from './mailbox.ts';

type ClickInput = Parameters<ClickCommands[keyof ClickCommands]>[0];

/**
 * Copies the bytes of batches once, to give the copies away: whoever asks keeps its own to ask again with, and of a
 * buffer that many share only what belongs to the batch is copied.
 */
export function packClickInput(input: ClickInput): ReturnType<Waiting['pack']> {
  if (!isMerge(input)) return { input, transfer: [] };
  const batches = input.batches.map((batch) => ({ ...batch, bytes: new Uint8Array(batch.bytes) }));
  return {
    input: { ...input, batches },
    transfer: batches.map(({ bytes }) => bytes.buffer),
  };
}

function isMerge(input: ClickInput): input is MergeClicksInput {
  return 'batches' in input;
}
