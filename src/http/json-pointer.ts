/** A JSON pointer (RFC 6901) to the member at `path`; the empty string is the whole document. */
export function toJsonPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
