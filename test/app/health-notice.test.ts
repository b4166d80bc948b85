import { describe, expect, test } from 'vitest';
import { HealthNotice } from '../../src/app/health-notice.ts';
import { eventually } from '../support/eventually.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { runApp } from '../support/running-app.ts';

describe('the notice of a node that is about to end', () => {
  const forever = 2 ** 31 - 1;

  test('is no before, and yes from then on', async () => {
    const notice = new HealthNotice({ clock: fakeClock(), noticeMs: 0 });
    expect(notice.look()).toBe(false);
    await notice.leave();
    expect(notice.look()).toBe(true);
  });

  test('is not waited for where nobody has ever looked', async () => {
    await new HealthNotice({ clock: fakeClock(), noticeMs: forever }).leave();
  });

  test('is not waited for where nobody has looked lately', async () => {
    const clock = fakeClock();
    const notice = new HealthNotice({ clock, noticeMs: forever });
    notice.look();
    clock.advance(15_001);
    await notice.leave();
  });
});

test('a node that is about to end says so at /healthz, and answers everything until it ends', async () => {
  await using running = await runApp({ HEALTH_NOTICE: '1000' });
  const { app, baseUrl } = running;
  const statusOf = async (path: string) => (await fetch(baseUrl + path)).status;
  expect(await statusOf('/healthz')).toBe(200);
  const leaving = app.leave();
  await eventually(async () => expect(await statusOf('/healthz')).toBe(503));
  const made = await fetch(`${baseUrl}/?url=https://example.com/`, { method: 'POST' });
  expect(made.status).toBe(201);
  expect(await statusOf('/readyz')).toBe(200);
  await leaving;
});
