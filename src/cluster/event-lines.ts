/** Longest line that is kept while its end is awaited, in characters. LiteFS's lines have about 200. */
const maxLineLength = 65_536;

/**
 * Cuts a stream of text into lines: takes a chunk, gives the lines it completes, and keeps the half line at
 * its end for the next chunk. Throws when a line grows past 64 Ki characters.
 */
export function createLineSplitter(): (chunk: string) => readonly string[] {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineLength) throw new Error('a line of the event stream has no end');
    return lines.filter((text) => text !== '');
  };
}
