/**
 * Whether people can be shown the text on one line as it is: no control characters, no line breaks, and
 * no half of a surrogate pair, which SQLite would not give back.
 */
export function isSingleLine(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}
