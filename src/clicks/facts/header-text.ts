/** Longer texts are cut before anybody looks at them: nothing else bounds what a client may send. */
export const maxTextLength = 512;

/** The first `maxTextLength` characters of a text. */
export function cut(text: string): string {
  return text.length > maxTextLength ? text.slice(0, maxTextLength) : text;
}

/** The same text as a string of its own: V8 keeps the whole string that a slice was taken from. Headers are Latin-1. */
export function copy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
