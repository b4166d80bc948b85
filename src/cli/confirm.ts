import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Output } from './output.ts';

/** Asks on stderr, and takes `y` or `yes` as yes; all else, an end of input too, is no. */
export async function confirm(
  question: string,
  { input, output }: { readonly input: Readable; readonly output: Output },
): Promise<boolean> {
  output.writeError(question);
  const lines = createInterface({ input });
  try {
    for await (const line of lines) return /^y(?:es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}
