import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Output } from './output.ts';

interface Streams {
  readonly input: Readable;
  readonly output: Output;
}

/** Asks on stderr, and takes `y` or `yes` as yes; all else, an end of input too, is no. */
export async function confirm(question: string, streams: Streams): Promise<boolean> {
  return /^y(?:es)?$/i.test(await askLine(question, streams));
}

/** Asks on stderr for a line, and gives it without spaces around it; the end of the input is an empty one. */
export async function askLine(question: string, { input, output }: Streams): Promise<string> {
  output.writeError(question);
  const lines = createInterface({ input });
  try {
    for await (const line of lines) return line.trim();
    return '';
  } finally {
    lines.close();
  }
}
