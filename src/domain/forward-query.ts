import { maxDestinationLength } from './destination.ts';

/**
 * The destination with the query of a hit appended (`search` with or without its `?`), as a serialised URL.
 *
 * A key that the destination has is never given again, whatever its spelling, so that a visitor cannot
 * override what the owner chose; scheme, host, path and fragment stay as they are. Where the result would
 * be longer than a destination may be, nothing is appended: proxies refuse longer heads.
 */
export function forwardQuery(destination: string, search: string): string {
  const url = new URL(destination);
  const taken = new Set(url.searchParams.keys());
  const added = search
    .replace(/^\?/, '')
    // The URL parser drops these, which would make `a` of a key that was not `a` when it was compared.
    .replace(/[\t\n\r]/g, '')
    .split('&')
    .filter((pair) => pair !== '' && !taken.has(keyOf(pair)));
  if (added.length === 0) return destination;
  const own = url.search === '' ? [] : [url.search.slice(1)];
  url.search = `?${[...own, ...added].join('&')}`;
  return url.href.length > maxDestinationLength ? destination : url.href;
}

/** The decoded key of one `key=value`, so that `%61` is known as `a`. */
function keyOf(pair: string): string {
  return new URLSearchParams(`?${pair}`).keys().next().value ?? '';
}
