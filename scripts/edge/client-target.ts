import { headerValue, type RawHeaders } from './raw-headers.ts';
import type { Target } from './target.ts';

/**
 * Where a client wants its request to go by the four routing headers that any client may set (docs/facts.md,
 * "Clients choose their machine"). The narrowest one counts: forced node, forced region, preferred node, preferred
 * region.
 */
export function clientTarget(headers: RawHeaders, app: string): Target {
  const only = text(headers, 'fly-force-instance-id');
  if (only !== undefined) return { app, only };
  const forced = text(headers, 'fly-force-region');
  if (forced !== undefined) return { app, regions: regionList(forced) };
  const prefer = text(headers, 'fly-prefer-instance-id');
  if (prefer !== undefined) return { app, prefer };
  const preferred = text(headers, 'fly-prefer-region');
  // `any` last: after the regions that the client prefers, the nearest node of all.
  if (preferred !== undefined) return { app, regions: [...regionList(preferred), 'any'] };
  return { app };
}

function text(headers: RawHeaders, name: string): string | undefined {
  const value = headerValue(headers, name)?.trim();
  return value === '' ? undefined : value;
}

function regionList(value: string): readonly string[] {
  return value.split(',').map((region) => region.trim().toLowerCase());
}
