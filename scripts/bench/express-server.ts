// How a shortener that counts is usually written, a program of its own: Express, one row a link, `clicks + 1` with
// each hit. It is written as well as that can be: prepared statements, WAL, and no sync with each commit.

import Database from 'better-sqlite3';
import express from 'express';

const [port, file = ''] = process.argv.slice(2);
const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = NORMAL');
const find = database.prepare<[string], { readonly id: number; readonly destination: string }>(
  'SELECT id, destination FROM links WHERE slug = ?',
);
const count = database.prepare<[number]>('UPDATE links SET clicks = clicks + 1 WHERE id = ?');

const app = express();
app.disable('x-powered-by');
app.get('/:slug', (request, response) => {
  const link = find.get(request.params.slug);
  if (link === undefined) {
    response.sendStatus(404);
    return;
  }
  count.run(link.id);
  response.redirect(302, link.destination);
});
app.listen(Number(port), '127.0.0.1');
