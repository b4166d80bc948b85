import type { SignInPage } from '../domain/pages.ts';
import { html } from './html.ts';
import { renderLayout } from './layout.ts';

/** The page that asks for a key. */
export function renderSignIn(model: SignInPage, assetVersion: string): string {
  return renderLayout({
    title: 'Sign in – Hoplite',
    assetVersion,
    content: html`<section class="panel narrow">
<h1>Sign in</h1>
<p>Paste an API key. This browser stays signed in for 12 hours.</p>
${model.failure !== undefined && html`<p class="failure" role="alert">${model.failure}</p>`}
<form method="post" action="/session" class="stack">
<label class="field"><span>Key</span>
<input name="key" type="password" required maxlength="200" autocomplete="current-password" autofocus></label>
<button class="primary" type="submit">Sign in</button>
</form>
</section>`,
  });
}
