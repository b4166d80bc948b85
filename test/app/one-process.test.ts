import { expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { findFreePort } from '../support/free-port.ts';
import { runApp } from '../support/running-app.ts';

test('a second start in the same folder is refused, and changes nothing', async () => {
  await using first = await runApp({ SLUG_CASE: 'sensitive' });
  const links = `${first.baseUrl}/api/v1/links`;
  await fetch(`${first.baseUrl}/?url=https://example.com/&slug=Sale`, { method: 'POST' });
  const second = readConfig({
    PORT: String(await findFreePort()),
    PRIVATE_PORT: String(await findFreePort()),
    DATA_DIR: first.dataDir,
    LOG_LEVEL: 'silent',
  });
  await expect(startApp(second)).rejects.toThrow(`another Hoplite works in ${first.dataDir}`);
  expect((await fetch(`${links}/Sale`)).status).toBe(200);
  expect((await fetch(`${links}/sale`)).status).toBe(404);
});
