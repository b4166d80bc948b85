/** The fields of a link that another shortener may have. */
export const mappedFields = [
  'destination',
  'slug',
  'title',
  'notBefore',
  'expiresAt',
  'forwardQuery',
  'disabled',
  'blocked',
  'createdAt',
] as const;
export type MappedField = (typeof mappedFields)[number];

/** Where another shortener has the fields of a link. */
export interface Shortener {
  /**
   * Names of columns, or of members of a JSON object, with dots into the depth; the first that a row has counts.
   */
  readonly fields: Readonly<Partial<Record<MappedField, readonly string[]>>>;
  /** What a link here cannot be, and why: a row that has it fails, instead of becoming more than it was. */
  readonly refused: Readonly<Record<string, string>>;
}

const password = 'It has a password, which links here cannot have.';

/** By what `--from` names them. */
export const shorteners = {
  /** Bitly's API v4, `/groups/{guid}/bitlinks`, an element of `links` a line; tables have the same names. */
  bitly: {
    fields: {
      destination: ['long_url'],
      slug: ['custom_bitlinks.0', 'link', 'id'],
      title: ['title'],
      createdAt: ['created_at'],
    },
    refused: {},
  },
  /** Dub's "Export as CSV" (apps/web/lib/zod/schemas/links.ts, `exportLinksColumns`), and its API. */
  dub: {
    fields: {
      destination: ['Destination URL', 'url'],
      slug: ['Short link', 'key'],
      title: ['title'],
      expiresAt: ['expiresAt'],
      createdAt: ['Created at', 'createdAt'],
    },
    refused: { password },
  },
  /** Kutt's API v2, `/links`, an element of `data` a line (server/utils, `sanitize.link`); it has no export. */
  kutt: {
    fields: {
      destination: ['target'],
      slug: ['address'],
      title: ['description'],
      expiresAt: ['expire_in'],
      blocked: ['banned'],
      createdAt: ['created_at'],
    },
    refused: { password },
  },
  /** The "Export" of Shlink's web client (ExportShortUrlsBtn.tsx), a table for its importer, and its API v3. */
  shlink: {
    fields: {
      destination: ['longUrl', 'Long URL'],
      slug: ['shortCode', 'Short code'],
      title: ['title', 'Title'],
      notBefore: ['meta.validSince'],
      expiresAt: ['meta.validUntil'],
      forwardQuery: ['forwardQuery'],
      createdAt: ['createdAt', 'dateCreated'],
    },
    refused: {
      'meta.maxVisits': 'It ends after a number of visits, which links here cannot.',
    },
  },
  /** YOURLS's table `yourls_url`, as MySQL and phpMyAdmin export it, and its plugin Import Export. */
  yourls: {
    fields: {
      destination: ['url', 'target'],
      slug: ['keyword', 'source'],
      title: ['title'],
      createdAt: ['timestamp'],
    },
    refused: {},
  },
} as const satisfies Readonly<Record<string, Shortener>>;

export type ShortenerName = keyof typeof shorteners;

/** What `--from` takes. */
export const shortenerNames = Object.keys(shorteners) as ShortenerName[];
