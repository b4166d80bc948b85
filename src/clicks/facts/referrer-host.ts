/** RFC 1123, section 2.1, and the underscore that is in use; the last label is no number, so no IPv4 address fits. */
const hostName =
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

const maxHostLength = 253;

/**
 * The host that a `Referer` names, in lower case and without a port; null when it names none.
 *
 * Only pages (`http`, `https`) and Android apps (`android-app://com.example/`) have one. An address instead of a
 * name is null: it may be that of somebody's own device.
 */
export function toReferrerHost(referrer: string): string | null {
  const url = URL.parse(referrer);
  switch (url?.protocol) {
    case 'http:':
    case 'https:':
    case 'android-app:':
      return toHostName(url.hostname.toLowerCase());
    default:
      return null;
  }
}

/**
 * The part of a `Referer` in front of its path, which is all that its host is in: it is looked at in place of the
 * whole, since few sites send visitors from many pages.
 */
export function toOrigin(referrer: string): string {
  const pathAt = referrer.indexOf('/', referrer.indexOf('://') + '://'.length);
  return pathAt === -1 ? referrer : referrer.slice(0, pathAt);
}

function toHostName(host: string): string | null {
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  return name.length <= maxHostLength && hostName.test(name) ? name : null;
}
