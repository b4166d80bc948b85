import { once } from 'node:events';
import { expect, it } from 'vitest';
import { openRaw, rawRequest, readToEnd } from '../support/raw-http.ts';
import { runApp } from '../support/running-app.ts';
import { send } from '../support/send.ts';

it('MAX_CONNECTIONS is how many can be open; the metrics count those that were not taken', async () => {
  await using running = await runApp({ MAX_CONNECTIONS: '2' });
  const port = Number(new URL(running.app.url).port);
  const sockets = await Promise.all([openRaw(port), openRaw(port)]);
  for (const socket of sockets) {
    const answered = once(socket, 'data');
    socket.write(rawRequest('/healthz'));
    expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 200 /);
  }
  expect(await readToEnd(await openRaw(port)).catch(String)).toMatch(/^(|Error: read ECONNRESET)$/);
  const { text } = await send(`${running.app.privateUrl}/metrics`);
  expect(text).toContain('\nhoplite_connections_dropped_total 1\n');
  for (const socket of sockets) socket.destroy();
});
