import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { send } from '../support/send.ts';

const person = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

let running: RunningApp;
beforeAll(async () => {
  running = await runApp();
});
afterAll(() => running[Symbol.asyncDispose]());

async function get(path: string) {
  const { status, text } = await send(`${running.baseUrl}${path}`);
  expect(status).toBe(200);
  return JSON.parse(text);
}

async function create(slug: string): Promise<string> {
  const body = { slug, destination: 'https://example.com/' };
  const { status, text } = await send(`${running.baseUrl}/api/v1/links`, { method: 'POST', body });
  expect(status).toBe(201);
  return JSON.parse(text).id;
}

async function follow(slug: string, headers: Readonly<Record<string, string>>, method = 'GET') {
  const { status } = await send(`${running.baseUrl}/${slug}`, { method, headers });
  expect(status).toBeOneOf([302, 404]);
}

it('what is followed is counted, and read in every way', async () => {
  const id = await create('sale');
  await follow('nowhere', { 'User-Agent': person });
  await follow('sale', { 'User-Agent': person, Referer: 'https://news.example/story?secret=1' });
  await follow('sale', { 'User-Agent': person });
  await follow('sale', { 'User-Agent': 'curl/8.5.0' });
  await follow('sale', { 'User-Agent': person }, 'HEAD');
  await follow('sale', { 'User-Agent': person, 'Sec-Purpose': 'prefetch' });
  const clicks = { total: 3, people: 2, bots: 1, visitorsEstimate: 1, undated: 0 };
  await eventually(async () => expect((await get('/api/v1/links/sale')).clicks).toEqual(clicks));

  const report = await get('/api/v1/links/sale/clicks?by=referrer');
  expect(report).toMatchObject({
    link: { id, slug: 'sale' },
    totals: { clicks: 2, visitorsEstimate: 1 },
    allTime: clicks,
  });
  expect(report.values.map(({ value }: { value: string | null }) => value).sort()).toEqual([
    'news.example',
    null,
  ]);
  const browsers = await get('/api/v1/links/sale/clicks?by=browser&timeZone=Asia/Kolkata');
  expect(browsers.values).toMatchObject([{ value: 'Firefox', clicks: 2 }]);
  const bots = await get('/api/v1/links/sale/clicks?bots=only&interval=hour&by=region');
  expect(bots).toMatchObject({ totals: { clicks: 1 }, values: [{ value: 'local', clicks: 1 }] });
  const all = await get('/api/v1/clicks?bots=include');
  expect(all).toMatchObject({
    totals: { clicks: 3 },
    links: [{ id, slug: 'sale', clicks: 3 }],
    orphans: { hits: 1 },
  });
  expect(await get('/')).toEqual([
    { short_code: 'sale', full_url: 'https://example.com/', clicks: 3 },
  ]);
  const { text } = await send(`${running.baseUrl}/api/v1/clicks?by=os`, {
    headers: { Accept: 'text/csv' },
  });
  expect(text).toBe('os,clicks,visitors_estimate\r\nLinux,2,1\r\n');
});

it('clicks of a deleted link remain under its id, and its slug begins at zero', async () => {
  const before = await create('again');
  await follow('again', { 'User-Agent': person });
  await eventually(async () => {
    expect((await get('/api/v1/links/again')).clicks.total).toBe(1);
  });
  await send(`${running.baseUrl}/api/v1/links/again`, { method: 'DELETE' });
  const after = await create('again');
  expect((await get('/api/v1/links/again')).clicks.total).toBe(0);
  await follow('again', { 'User-Agent': person });
  await follow('again', { 'User-Agent': person });
  await eventually(async () => {
    expect((await get('/api/v1/links/again/clicks')).totals.clicks).toBe(2);
  });
  const kept = await get(`/api/v1/clicks?link=${before}`);
  expect(kept).toMatchObject({ link: { id: before, slug: null }, totals: { clicks: 1 } });
  const { links } = await get('/api/v1/clicks');
  expect(links).toContainEqual(expect.objectContaining({ id: before, slug: null, clicks: 1 }));
  expect(links).toContainEqual(expect.objectContaining({ id: after, slug: 'again', clicks: 2 }));
});
