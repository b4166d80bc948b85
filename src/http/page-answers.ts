import type { IncomingMessage, ServerResponse } from 'node:http';
import accepts from 'accepts';

/**
 * Whether the client is better served with a page than with data: browsers name `text/html` first. Whoever
 * takes anything, as curl does, or nothing that we have, gets data. The answer then varies by `Accept`.
 */
export function wantsPage(request: IncomingMessage): boolean {
  return accepts(request).types(['json', 'html']) === 'html';
}

/** Sends a browser on to another page after a form (RFC 9110 section 15.4.4). */
export function seeOther(response: ServerResponse, path: string): void {
  response.statusCode = 303;
  response.setHeader('Location', path);
  response.end();
}

/** Sends a whole HTML document. */
export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(html);
}
