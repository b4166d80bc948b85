import type { ClickTotals } from '../domain/click-reader.ts';
import { type Html, html } from './html.ts';

/** How often a link was clicked, in words; bots only where there are some. */
export function renderClicks({ clicks, bots, visitors }: ClickTotals): Html {
  return html`<strong>${count(clicks, 'click', 'clicks')}</strong>${clicks > 0 && html` by about ${count(visitors, 'visitor', 'visitors')} (estimate)`}${bots > 0 && html` · ${format(bots)} by bots`}`;
}

function count(number: number, one: string, many: string): string {
  return `${format(number)} ${number === 1 ? one : many}`;
}

function format(number: number): string {
  return number.toLocaleString('en-US');
}
