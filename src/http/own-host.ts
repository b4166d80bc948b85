/** Whether `host`, of a `Host` header, is this machine itself: `localhost`, `127.0.0.0/8` or `[::1]`, on any port. */
export function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}

/** Whether a request with this `Host` header means this service: the host of `baseUrl`, or loopback. */
export function isOwnHost(host: string | undefined, baseUrl: string): boolean {
  if (host === undefined) return false;
  return isLoopbackHost(host) || host.toLowerCase() === new URL(baseUrl).host;
}
