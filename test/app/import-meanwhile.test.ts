import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { runApp } from '../support/running-app.ts';
import { follow } from '../support/send.ts';

const links = 2_000;
/** As many as one transaction may have. */
const imported = 10_000;
const toLines = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) =>
    JSON.stringify({ slug: `${prefix}${n}`, destination: `https://example.com/${prefix}/${n}` }),
  ).join('\n');

test('links that are in no memory redirect while the transaction of an import runs', async () => {
  await using running = await runApp();
  const importLines = (lines: string) => {
    const sending = request(`${running.baseUrl}/api/v1/import`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
    sending.end(lines);
    const answered = once(sending, 'response').then(async ([answer]) => text(answer));
    return { sent: once(sending, 'finish'), answered };
  };
  await importLines(toLines('there', links)).answered;

  const { sent, answered } = importLines(toLines('new', imported));
  let isOver = false;
  answered.finally(() => {
    isOver = true;
  });
  await sent;
  let followed = 0;
  while (!isOver) {
    const n = followed % links;
    expect(await follow(running.baseUrl, `there${n}`)).toBe(`302 https://example.com/there/${n}`);
    followed += 1;
  }
  expect(JSON.parse(await answered)).toMatchObject({ created: imported, failed: 0 });
  expect(followed).toBeGreaterThan(10);
});
