import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';

const adminKey = 'browser-admin-key-0123456789';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A page that fails the test when a script breaks, a dialog opens or the page's policy is violated. */
async function withPage<T>(
  options: BrowserContextOptions,
  use: (page: Page) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext(options);
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) complaints.push(message.text());
  });
  try {
    const result = await use(page);
    expect(complaints).toEqual([]);
    return result;
  } finally {
    await context.close();
  }
}

async function shorten(page: Page, destination: string, slug = ''): Promise<void> {
  await page.getByLabel('Destination').fill(destination);
  await page.getByLabel('Slug').fill(slug);
  await page.getByRole('button', { name: 'Shorten' }).click();
}

describe('the page, open to everybody', () => {
  let running: RunningApp;
  beforeAll(async () => {
    running = await runApp();
  });
  afterAll(() => running[Symbol.asyncDispose]());

  const phone = { width: 390, height: 800 };
  const desktop = { width: 1280, height: 800 };

  it.each([
    ['a phone', phone, true],
    ['a phone without scripts', phone, false],
    ['a desktop', desktop, true],
    ['a desktop without scripts', desktop, false],
  ])('shortens a link on %s', async (name, viewport, javaScriptEnabled) => {
    await withPage({ viewport, javaScriptEnabled }, async (page) => {
      const slug = name.replaceAll(' ', '-');
      await page.goto(running.baseUrl);
      await shorten(page, `${running.baseUrl.replace('localhost', 'example.com')}/x?q=1`, slug);
      const short = page.getByRole('status').getByRole('link');
      expect(await short.getAttribute('href')).toBe(`${running.baseUrl}/${slug}`);
      expect(await page.getByRole('listitem').count()).toBeGreaterThan(0);
      const answer = await fetch(`${running.baseUrl}/${slug}`, { redirect: 'manual' });
      expect(answer.status).toBe(302);
    });
  });

  it.each([phone, desktop])('fits its width (%o)', async (viewport) => {
    await withPage({ viewport }, async (page) => {
      await page.goto(running.baseUrl);
      await shorten(page, `https://example.com/${'long/'.repeat(200)}`, `w${viewport.width}`);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width).toBe(viewport.width);
    });
  });

  it('shows how often a link was clicked, and fits its width', async () => {
    await withPage({ viewport: phone }, async (page) => {
      await page.goto(running.baseUrl);
      await shorten(page, 'https://example.com/', 'clicked');
      for (const agent of ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0', 'curl/8']) {
        await fetch(`${running.baseUrl}/clicked`, {
          redirect: 'manual',
          headers: { 'User-Agent': agent },
        });
      }
      await eventually(async () => {
        await page.goto(running.baseUrl);
        const row = page.getByRole('listitem').filter({ hasText: '/clicked' });
        expect(await row.locator('.clicks').textContent()).toBe(
          '1 click by about 1 visitor (estimate) · 1 by bots',
        );
      });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(phone.width);
    });
  });

  it('copies the short URL', async () => {
    await withPage({ permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
      await page.goto(running.baseUrl);
      await shorten(page, 'https://example.com/', 'copied');
      await page.getByRole('status').getByRole('button').click();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
        `${running.baseUrl}/copied`,
      );
    });
  });

  it('says what is wrong and keeps what was typed', async () => {
    await withPage({}, async (page) => {
      await page.goto(running.baseUrl);
      await shorten(page, 'javascript:alert(1)', 'kept');
      expect(await page.getByRole('alert').textContent()).toContain('http');
      expect(await page.getByLabel('Destination').inputValue()).toBe('javascript:alert(1)');
      expect(await page.getByLabel('Slug').inputValue()).toBe('kept');
    });
  });

  it('runs no script that a link carries', async () => {
    const payloads = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "'><svg onload=alert(1)>",
      '</title><script>alert(1)</script>',
      'javascript:alert(1)',
      '<a href="javascript:alert(1)">x</a>',
      '<iframe srcdoc="<script>alert(1)</script>">',
      '{{constructor.constructor("alert(1)")()}}',
      '<style>@import "//example.com"</style>',
    ];
    for (const [index, title] of payloads.entries()) {
      const made = await fetch(`${running.baseUrl}/api/v1/links`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          destination: `https://example.com/?q=${encodeURIComponent(title)}`,
          slug: `xss${index}`,
          title,
        }),
      });
      expect(made.status).toBe(201);
    }
    await withPage({}, async (page) => {
      await page.goto(running.baseUrl);
      expect(
        await page.locator('script:not([src]), iframe, svg, [onerror], [onload]').count(),
      ).toBe(0);
      for (const index of payloads.keys()) {
        await page.goto(`${running.baseUrl}/xss${index}+`);
        expect(await page.locator('main script, main iframe, main img').count()).toBe(0);
        expect(await page.locator('.title').textContent()).toBe(payloads[index]);
      }
    });
  });

  it.each([phone, desktop])(
    'tells the status of the fleet without a script (%o)',
    async (viewport) => {
      await withPage({ viewport, javaScriptEnabled: false }, async (page) => {
        await page.goto(running.baseUrl);
        await page.getByRole('link', { name: 'Status' }).click();
        await page.getByText('runs alone and takes writes.').waitFor();
        expect(await page.getByRole('listitem').getByRole('heading').textContent()).toContain(
          'primary',
        );
        await page.getByRole('link', { name: 'ask again' }).click();
        await page.getByRole('heading', { name: 'Nodes' }).waitFor();
      });
    },
  );

  it('shows the API', async () => {
    await withPage({}, async (page) => {
      await page.goto(`${running.baseUrl}/docs`);
      await page.getByText('Create a link').waitFor();
    });
  });
});

describe('the page, for who has a key', () => {
  let running: RunningApp;
  beforeAll(async () => {
    running = await runApp({ ACCESS: 'keys', ADMIN_KEY: adminKey });
  });
  afterAll(() => running[Symbol.asyncDispose]());

  it('asks for a key, keeps a session, and ends it', async () => {
    await withPage({}, async (page) => {
      await page.goto(running.baseUrl);
      await page.getByLabel('Key').fill('wrong-key-0123456789');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('Key').fill(adminKey);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await shorten(page, 'https://example.com/', 'signed-in');
      await page.getByRole('status').waitFor();
      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
      expect(cookie?.value).not.toContain(adminKey);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.goto(running.baseUrl);
      await page.getByLabel('Key').waitFor();
    });
  });
});
