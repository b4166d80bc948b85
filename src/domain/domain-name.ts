/** How a domain compares slugs. Folding maps `Sale` and `sale` to one key; `sensitive` keeps them apart. */
export type SlugCase = 'insensitive' | 'sensitive';

/** A host whose paths are slugs. The default domain is that of `BASE_URL` and has id 1. */
export interface Domain {
  readonly id: number;
  /** Host as in a URL, with its port when that is not the scheme's own: `go.example.com`. */
  readonly host: string;
  readonly slugCase: SlugCase;
}

/** The id of the domain that `BASE_URL` names. */
export const defaultDomainId = 1;
