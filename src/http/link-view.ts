import type { ClickTotals } from '../domain/click-reader.ts';
import { type Link, linkState } from '../domain/link.ts';
import type { LinkView } from '../domain/pages.ts';
import { toShortUrl } from '../domain/short-url.ts';

/** Shows a link on a page; its state is that at `now`. */
export function toLinkView(
  link: Link,
  clicks: ClickTotals | null,
  { baseUrl, now }: { readonly baseUrl: string; readonly now: number },
): LinkView {
  return {
    slug: link.slug,
    shortUrl: toShortUrl(baseUrl, link.slug),
    destination: link.destination,
    title: link.title,
    state: linkState(link, now),
    createdAt: link.createdAt,
    clicks,
  };
}
