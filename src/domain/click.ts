/** What a click is counted by, besides its link and hour. */
export const clickDimensions = [
  'region',
  'country',
  'referrer',
  'browser',
  'os',
  'device',
] as const;
export type ClickDimension = (typeof clickDimensions)[number];

/**
 * What is kept of who clicked; `null` where it is unknown or the visitor asked not to be looked at. Nothing in it
 * names a person: no address, no user agent, of a referrer only the host.
 */
export interface ClickDetails {
  readonly isBot: boolean;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string | null;
  /** Host of the page that the visitor came from, lower case, without a port. */
  readonly referrer: string | null;
  /** Family, such as `Firefox`. */
  readonly browser: string | null;
  /** Family, such as `Android`. */
  readonly os: string | null;
  readonly device: 'desktop' | 'mobile' | 'tablet' | 'tv' | null;
}

/**
 * How often. `clicks` are people's and `bots` are not in them. `visitors` is an estimate: people whom the node that
 * answered saw at this link for the first time that day.
 */
export interface ClickCounts {
  readonly clicks: number;
  readonly bots: number;
  readonly visitors: number;
}

/** The link id under which all links of the default domain are counted together. Links begin at 1. */
export const allLinksId = 0;

export const msPerHour = 3_600_000;
export const hoursPerDay = 24;
export const msPerDay = hoursPerDay * msPerHour;

/** The hour of a time in milliseconds: whole hours since 1970 UTC. */
export function toHour(ms: number): number {
  return Math.floor(ms / msPerHour);
}
