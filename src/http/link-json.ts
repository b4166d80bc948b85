import { z } from 'zod';
import type { ClickTotals } from '../domain/click-reader.ts';
import { maxDestinationLength } from '../domain/destination.ts';
import { type Link, linkState, maxTitleLength, redirectCodes } from '../domain/link.ts';
import { toShortUrl } from '../domain/short-url.ts';
import { maxSlugLength } from '../domain/slug.ts';
import { clickTotalsSchema, toClickTotalsJson } from './click-totals.ts';

/**
 * A point in time as clients give it: RFC 3339, with seconds and an offset. Becomes milliseconds since 1970 UTC.
 */
const timeInput = z.iso
  .datetime({ offset: true, error: 'Must be a time with an offset, such as 2030-01-31T09:00:00Z.' })
  .transform((text) => Date.parse(text));

const timeOutput = z.iso.datetime();

const destination = z.string().meta({
  description: `An absolute http or https URL of at most ${maxDestinationLength} characters, outside of private networks and of this service.`,
  example: 'https://example.com/spring?from=poster',
});
const title = z
  .string()
  .nullable()
  .meta({
    description: `For people, one line of at most ${maxTitleLength} characters.`,
    example: 'Spring sale',
  });
const redirectCode = z.literal(redirectCodes).meta({
  description: 'The status that the short URL answers with.',
  example: 302,
});
const forwardQuery = z.boolean().meta({
  description: 'Whether the query of a hit is added to the destination, never over what is there.',
});
const notBefore = timeInput.nullable().meta({
  description: 'The link does not work before this time.',
  example: '2030-01-31T09:00:00+01:00',
});
const expiresAt = timeInput.nullable().meta({
  description: 'The link no longer works from this time on.',
  example: '2030-02-28T18:00:00Z',
});
const disabled = z.boolean().meta({ description: 'Switched off by its owner: answers 410.' });
const blocked = z.boolean().meta({
  description:
    'Taken down by the operator: answers 451. Where there is an admin key, only that may set it, and delete such a link.',
});
const slug = z.string().meta({
  description: `ASCII letters, digits, "-" and "_", at most ${maxSlugLength}; generated when left out. Never changes.`,
  example: 'spring',
});

/** What a link's owner may set at any time. */
const settings = {
  title: title.optional(),
  redirectCode: redirectCode.optional(),
  forwardQuery: forwardQuery.optional(),
  notBefore: notBefore.optional(),
  expiresAt: expiresAt.optional(),
  disabled: disabled.optional(),
};

/** The body that creates a link. */
export const newLinkSchema = z
  .strictObject({
    destination,
    slug: slug.optional(),
    ...settings,
  })
  .meta({ id: 'NewLink' });

/** The body that changes a link: a JSON merge patch (RFC 7396); `null` clears a title or a time. */
export const linkChangesSchema = z
  .strictObject({
    destination: destination.optional(),
    ...settings,
    blocked: blocked.optional(),
  })
  .meta({ id: 'LinkChanges' });

/** A link as the API shows it; times in UTC. */
export const linkSchema = z
  .object({
    id: z.string().meta({ description: 'Never used again, also not after a deletion.' }),
    slug,
    shortUrl: z.url().meta({ example: 'https://go.example.com/spring' }),
    destination,
    title,
    redirectCode,
    forwardQuery,
    notBefore: timeOutput.nullable(),
    expiresAt: timeOutput.nullable(),
    disabled,
    blocked,
    state: z.enum(['active', 'pending', 'expired', 'disabled', 'blocked']),
    clicks: clickTotalsSchema
      .nullable()
      .meta({ description: 'Since the link was made; null while they cannot be told.' }),
    version: z.int().min(1).meta({ description: 'Raised by each change.' }),
    createdAt: timeOutput,
    updatedAt: timeOutput,
  })
  .meta({ id: 'Link' });

/** A link in the answer to a write. */
export const writtenLinkSchema = linkSchema
  .extend({
    replicated: z.boolean().meta({
      description: 'Whether another machine has the write too, as in Durability.',
    }),
  })
  .meta({ id: 'WrittenLink' });

/** A link as the API shows it. */
export type LinkJson = z.output<typeof linkSchema>;

/** Shows a link; its state is that at `now`. */
export function toLinkJson(
  link: Link,
  totals: ClickTotals | null,
  { baseUrl, now }: { readonly baseUrl: string; readonly now: number },
): LinkJson {
  return {
    ...toLinkFields(link, baseUrl),
    state: linkState(link, now),
    clicks: totals === null ? null : toClickTotalsJson(totals),
    version: link.version,
    createdAt: toIsoTime(link.createdAt),
    updatedAt: toIsoTime(link.updatedAt),
  };
}

/** What a link says of itself, whoever asks and when, in this order. */
export function toLinkFields(link: Link, baseUrl: string) {
  return {
    id: String(link.id),
    slug: link.slug,
    shortUrl: toShortUrl(baseUrl, link.slug),
    destination: link.destination,
    title: link.title,
    redirectCode: link.redirectCode,
    forwardQuery: link.forwardQuery,
    notBefore: toTime(link.notBefore),
    expiresAt: toTime(link.expiresAt),
    disabled: link.disabled,
    blocked: link.blocked,
  };
}

/** Milliseconds since 1970 UTC as ISO 8601 in UTC. */
export function toIsoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function toTime(ms: number | null): string | null {
  return ms === null ? null : toIsoTime(ms);
}
