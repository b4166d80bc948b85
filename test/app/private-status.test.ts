import { expect, test } from 'vitest';
import { runApp } from '../support/running-app.ts';

test('a node that runs alone says that it can write', async () => {
  await using running = await runApp();
  const response = await fetch(`${running.app.privateUrl}/status`);
  expect(await response.json()).toMatchObject({ role: 'primary', writerOpen: true });
});
