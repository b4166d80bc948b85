import type { ProblemPage } from '../domain/pages.ts';
import { html } from './html.ts';
import { renderLayout } from './layout.ts';

/** A problem (RFC 9457) as a page: the same words as its JSON. */
export function renderProblem(model: ProblemPage, assetVersion: string): string {
  return renderLayout({
    title: `${model.title} – Hoplite`,
    assetVersion,
    content: html`<section class="panel problem">
<p class="status" aria-hidden="true">${model.status}</p>
<h1>${model.title}</h1>
<p>${model.detail}</p>
${model.instance !== undefined && html`<p class="age">Request ${model.instance}</p>`}
</section>`,
  });
}
