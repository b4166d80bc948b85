import type { LinkView } from '../domain/pages.ts';
import { renderClicks } from './click-line.ts';
import { type Html, html } from './html.ts';

/** One link in a list: where it is, where it leads, since when, and how often it was clicked. */
export function renderLinkRow(link: LinkView): Html {
  return html`<li class="link">
<div class="link-head">
<a class="short" href="${link.shortUrl}">${withoutScheme(link.shortUrl)}</a>
${link.state !== 'active' && html`<span class="chip">${link.state}</span>`}
<span class="tools">${renderCopyButton(link.shortUrl)}<a class="tool" href="${link.shortUrl}+">Preview</a></span>
</div>
${link.title !== null && html`<p class="title">${link.title}</p>`}
<p class="destination" title="${link.destination}">${link.destination}</p>
<p class="age">${renderTime(link.createdAt)}${link.clicks !== null && html` · <span class="clicks">${renderClicks(link.clicks)}</span>`}</p>
</li>`;
}

/** A button that copies `text`. It stays hidden where no script runs. */
export function renderCopyButton(text: string): Html {
  return html`<button class="tool" type="button" data-copy="${text}" hidden>Copy</button>`;
}

/** A point in time, in UTC; a script turns it into the reader's own zone. */
export function renderTime(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`;
}

/** A URL as people say it. */
export function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//, '');
}
