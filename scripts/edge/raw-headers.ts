/** Header fields in the order and spelling they came in, repeated ones included. Values are latin1 text. */
export type RawHeaders = readonly (readonly [name: string, value: string])[];

/** Pairs up the flat list that `node:http` calls `rawHeaders`. */
export function toRawHeaders(flat: readonly string[]): RawHeaders {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    headers.push([flat[at] as string, flat[at + 1] as string]);
  }
  return headers;
}

/** The flat list that `node:http` takes for a request or an answer. */
export function toFlatHeaders(headers: RawHeaders): string[] {
  return headers.flat();
}

/** The value of a field, repeated ones joined by a comma; `undefined` when it is not there. */
export function headerValue(headers: RawHeaders, name: string): string | undefined {
  const values = headerValues(headers, name);
  return values.length === 0 ? undefined : values.join(', ');
}

/** All values of a field, one for each line. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
}

/** The fields without those of the given names. */
export function withoutHeaders(headers: RawHeaders, names: Iterable<string>): RawHeaders {
  const dropped = new Set([...names].map((name) => name.toLowerCase()));
  return headers.filter(([name]) => !dropped.has(name.toLowerCase()));
}

/** The fields with the given ones instead of any of the same names. */
export function withHeaders(headers: RawHeaders, added: RawHeaders): RawHeaders {
  return [
    ...withoutHeaders(
      headers,
      added.map(([name]) => name),
    ),
    ...added,
  ];
}
