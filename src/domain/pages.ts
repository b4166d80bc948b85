import type { ClickTotals } from './click-reader.ts';
import type { FleetNode, FleetSummary } from './fleet-report.ts';
import type { LinkState } from './link.ts';

/** A link as a page shows it. `createdAt` in milliseconds since 1970 UTC. */
export interface LinkView {
  readonly slug: string;
  readonly shortUrl: string;
  readonly destination: string;
  readonly title: string | null;
  readonly state: LinkState;
  readonly createdAt: number;
  /** `null` while they cannot be told, or may not be. */
  readonly clicks: ClickTotals | null;
}

/** The page at `/`: shorten a link, see the latest ones. */
export interface HomePage {
  /** Origin of short URLs, such as `https://go.example.com`. */
  readonly baseUrl: string;
  readonly links: readonly LinkView[];
  /** The link that was just made. */
  readonly created?: LinkView | undefined;
  /** What was wrong with the form, and what it held. */
  readonly failure?:
    | { readonly detail: string; readonly destination: string; readonly slug: string }
    | undefined;
  /** Whether changes that its reader has seen may be missing from it. */
  readonly isStale?: boolean | undefined;
  /** Whether there is a session to sign out of. */
  readonly signedIn: boolean;
}

export interface SignInPage {
  readonly failure?: string | undefined;
}

/** The page at `/:slug+`: where a short URL leads. */
export interface PreviewPage {
  readonly link: LinkView;
  /** As on the page at `/`. */
  readonly isStale?: boolean | undefined;
}

/** The page at `/status`: all nodes of the fleet. */
export interface StatusPage {
  readonly summary: FleetSummary;
  readonly nodes: readonly FleetNode[];
  /** When they were asked, milliseconds since 1970 UTC. */
  readonly at: number;
}

/** A problem (RFC 9457) for people. */
export interface ProblemPage {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Id of the request, for whoever runs this. */
  readonly instance?: string | undefined;
}

/** Renders whole HTML documents that hold no inline script or style. Every text in a model is escaped. */
export interface Pages {
  home(model: HomePage): string;
  signIn(model: SignInPage): string;
  preview(model: PreviewPage): string;
  status(model: StatusPage): string;
  problem(model: ProblemPage): string;
}
