import { type Html, html } from './html.ts';

/** What every page has around its content. */
export interface LayoutOptions {
  readonly title: string;
  readonly assetVersion: string;
  readonly content: Html;
  /** Shown at the right of the header. */
  readonly menu?: Html | undefined;
  /** Whether the page has parts that a script makes handier. */
  readonly script?: boolean;
}

/**
 * A whole document: header with the mark, the content, nothing inline. The footer names the source of countries,
 * which the licence of the database (CC BY 4.0) asks of pages that show them.
 */
export function renderLayout(options: LayoutOptions): string {
  const { assetVersion } = options;
  return `<!doctype html>\n${
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${options.title}</title>
<link rel="icon" href="/assets/shield.svg?v=${assetVersion}" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css?v=${assetVersion}">
${options.script === true && html`<script src="/assets/page.js?v=${assetVersion}" defer></script>`}
</head>
<body>
<header class="top">
<a class="mark" href="/"><img src="/assets/shield.svg?v=${assetVersion}" alt="" width="32" height="32"> Hoplite</a>
${options.menu}
</header>
<main>
${options.content}
</main>
<footer class="foot"><a href="https://db-ip.com">IP Geolocation by DB-IP</a></footer>
</body>
</html>`.markup
  }\n`;
}
