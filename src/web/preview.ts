import type { LinkState } from '../domain/link.ts';
import type { PreviewPage } from '../domain/pages.ts';
import { renderClicks } from './click-line.ts';
import { html } from './html.ts';
import { renderLayout } from './layout.ts';
import { renderTime, withoutScheme } from './link-row.ts';
import { renderStaleNote } from './stale-note.ts';

const stateSentences: Readonly<Record<LinkState, string | undefined>> = {
  active: undefined,
  pending: 'This link is not active yet.',
  expired: 'This link has expired.',
  disabled: 'This link has been switched off.',
  blocked: 'This link has been taken down.',
};

/** The page at `/:slug+`: shows a destination instead of going there. A link that was taken down shows none. */
export function renderPreview({ link, isStale }: PreviewPage, assetVersion: string): string {
  const sentence = stateSentences[link.state];
  const host = URL.canParse(link.destination) ? new URL(link.destination).host : '';
  return renderLayout({
    title: `${withoutScheme(link.shortUrl)} – Hoplite`,
    assetVersion,
    content: html`${isStale === true && renderStaleNote()}<section class="panel">
<h1 class="short">${withoutScheme(link.shortUrl)}</h1>
${link.title !== null && html`<p class="title">${link.title}</p>`}
${sentence !== undefined && html`<p class="failure">${sentence}</p>`}
${
  link.state !== 'blocked' &&
  html`<p>leads to <strong>${host}</strong>:</p>
<p class="destination whole">${link.destination}</p>
<p class="age">Created ${renderTime(link.createdAt)}${link.clicks !== null && html` · <span class="clicks">${renderClicks(link.clicks)}</span>`}</p>
${link.state === 'active' && html`<p><a class="primary" rel="noopener noreferrer nofollow" href="${link.destination}">Continue to ${host}</a></p>`}`
}
</section>`,
  });
}
