// The least a server can do, a program of its own: Node's HTTP with its default options, and one answer.

import { createServer } from 'node:http';
import { destinationOf } from './slugs.ts';

const headers = { Location: destinationOf(0) };
const server = createServer((_request, response) => {
  response.writeHead(302, headers);
  response.end();
});
server.listen(Number(process.argv[2]), '127.0.0.1');
