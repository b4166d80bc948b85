import type { HomePage, LinkView } from '../domain/pages.ts';
import { type Html, html } from './html.ts';
import { renderLayout } from './layout.ts';
import { renderCopyButton, renderLinkRow, withoutScheme } from './link-row.ts';
import { renderStaleNote } from './stale-note.ts';

/** The page at `/`: the form, the link just made, the latest ones. Works without a script. */
export function renderHome(model: HomePage, assetVersion: string): string {
  return renderLayout({
    title: 'Hoplite',
    assetVersion,
    script: true,
    menu: model.signedIn
      ? html`<form method="post" action="/session/end"><button class="quiet" type="submit">Sign out</button></form>`
      : undefined,
    content: html`${model.isStale === true && renderStaleNote()}<section class="shorten" aria-labelledby="shorten">
<h1 id="shorten">Shorten a link</h1>
${model.failure !== undefined && html`<p class="failure" role="alert">${model.failure.detail}</p>`}
<form method="post" action="/" class="shorten-form">
<label class="field wide"><span>Destination</span>
<input name="url" type="text" inputmode="url" required maxlength="8192" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="https://example.com/a/long/address" value="${model.failure?.destination ?? ''}"${model.created === undefined && html` autofocus`}></label>
<label class="field"><span>Slug <small>optional</small></span>
<span class="prefixed"><span class="prefix">${withoutScheme(model.baseUrl)}/</span><input name="slug" type="text" maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="generated" value="${model.failure?.slug ?? ''}"></span></label>
<button class="primary" type="submit">Shorten</button>
</form>
${model.created !== undefined && renderCreated(model.created)}
</section>
<section class="latest" aria-labelledby="latest">
<h2 id="latest">Latest links</h2>
${
  model.links.length === 0
    ? html`<p class="empty">None yet. The first one you make appears here.</p>`
    : html`<ul class="links">${model.links.map(renderLinkRow)}</ul>`
}
</section>
<p class="age"><a href="/status">Status</a></p>`,
  });
}

function renderCreated(link: LinkView): Html {
  return html`<div class="created" role="status">
<p>Your short URL is ready, everywhere:</p>
<p class="created-url"><a href="${link.shortUrl}">${withoutScheme(link.shortUrl)}</a>${renderCopyButton(link.shortUrl)}</p>
<p class="destination" title="${link.destination}">${link.destination}</p>
</div>`;
}
