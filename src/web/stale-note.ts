import { type Html, html } from './html.ts';

/** What a page says that may lack what its reader has changed elsewhere. */
export function renderStaleNote(): Html {
  return html`<p class="failure" role="status">This node cannot reach the primary at the moment. What was changed last may be missing here.</p>`;
}
