import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FindCountry, openCountryDatabase } from '../../src/clicks/facts/country-database.ts';
import {
  DailyClickJudge,
  type DailyClickJudgeOptions,
} from '../../src/clicks/facts/daily-click-judge.ts';
import { browserHeaders, chrome } from '../support/browser-headers.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const msPerDay = 86_400_000;
const london = '81.2.69.142';
const amsterdam = '193.0.6.139';
const googlebot = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

let findCountry: FindCountry;
beforeAll(async () => {
  findCountry = await openCountryDatabase();
});

let opened = new DisposableStack();
afterEach(() => {
  opened.dispose();
  opened = new DisposableStack();
});

function openJudge(options: Partial<DailyClickJudgeOptions> = {}) {
  return opened.use(
    new DailyClickJudge({
      clock: fakeClock(),
      random: seededRandom('clicks'),
      trustProxy: 'none',
      baseUrl: 'https://go.example.com',
      findCountry,
      ...options,
    }),
  );
}

function request(rawHeaders: readonly string[] = browserHeaders(), remoteAddress?: string) {
  return { rawHeaders, socket: { remoteAddress: remoteAddress ?? london } };
}

describe('a click', () => {
  it('has the details of a browser, and is new once a link', () => {
    const judge = openJudge();
    const details = {
      isBot: false,
      country: 'GB',
      referrer: 'www.example.net',
      browser: 'Chrome',
      os: 'Windows',
      device: 'desktop',
    };
    expect(judge.judge(request(), 1)).toEqual({ details, isNewVisitor: true });
    expect(judge.judge(request(), 1)).toEqual({ details, isNewVisitor: false });
    expect(judge.judge(request(), 2)).toEqual({ details, isNewVisitor: true });
  });

  it('is known by a host alone, too', () => {
    expect(openJudge().judge(request(['Host', 'go.example.com']), 1)).toEqual({
      details: {
        isBot: false,
        country: 'GB',
        referrer: null,
        browser: null,
        os: null,
        device: null,
      },
      isNewVisitor: true,
    });
  });

  it('is none before the click', () => {
    const judge = openJudge();
    expect(judge.judge(request(browserHeaders({ 'Sec-Purpose': 'prefetch' })), 1)).toBeUndefined();
    expect(judge.judge(request(), 1)?.isNewVisitor).toBe(true);
  });

  it.each([
    ['another address', browserHeaders(), amsterdam],
    ['another user agent', browserHeaders({ 'User-Agent': `${chrome} Edg/131.0` }), london],
  ])('is another for %s', (_title, headers, address) => {
    const judge = openJudge();
    judge.judge(request(), 1);
    expect(judge.judge(request(headers, address), 1)?.isNewVisitor).toBe(true);
    expect(judge.judge(request(headers, address), 1)?.isNewVisitor).toBe(false);
    expect(judge.judge(request(), 1)?.isNewVisitor).toBe(false);
  });

  it('is the same however the address is written', () => {
    const judge = openJudge();
    judge.judge(request(), 1);
    expect(judge.judge(request(browserHeaders(), `::ffff:${london}`), 1)).toMatchObject({
      details: { country: 'GB' },
      isNewVisitor: false,
    });
  });

  it('of a bot has details, and no visitor', () => {
    const judge = openJudge();
    expect(judge.judge(request(browserHeaders({ 'User-Agent': googlebot })), 1)).toMatchObject({
      details: { isBot: true, country: 'GB', browser: 'Googlebot' },
      isNewVisitor: false,
    });
  });

  it('of the own pages has no referrer', () => {
    const judge = openJudge();
    const headers = browserHeaders({ Referer: 'https://GO.example.com:443/abc+' });
    expect(judge.judge(request(headers), 1)?.details.referrer).toBeNull();
  });

  it('whose socket is gone has neither country nor visitor', () => {
    const judged = openJudge().judge(
      { rawHeaders: browserHeaders(), socket: { remoteAddress: undefined } },
      1,
    );
    expect(judged).toMatchObject({ details: { country: null }, isNewVisitor: false });
  });

  it('gives the same object for the same details, and is one object itself', () => {
    const judge = openJudge();
    const judged = judge.judge(request(), 1);
    const details = judged?.details;
    const firefox = browserHeaders({ 'User-Agent': 'Mozilla/5.0 (X11; Linux) Firefox/132.0' });
    expect(judge.judge(request(firefox, amsterdam), 1)?.details).not.toBe(details);
    const newer = browserHeaders({ 'User-Agent': chrome.replace('131', '132') });
    expect(judge.judge(request(newer, '81.2.69.143'), 1)).toBe(judged);
    expect(judged?.details).toBe(details);
  });

  it('does not throw, whatever is sent', () => {
    const judge = openJudge({ trustProxy: 2 });
    const name = fc.constantFrom('User-Agent', 'Referer', 'X-Forwarded-For', 'DNT', 'Sec-Purpose');
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.constantFrom(london, `${london}, `, 'https://', 'http://[', '\uFFFF', 'fe80::1%e, ::1'),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 8 }),
        fc.option(value, { nil: undefined }),
        (lines, remoteAddress) => {
          judge.judge({ rawHeaders: lines.flat(), socket: { remoteAddress } }, 1);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(judge.judge({ rawHeaders: ['Host'], socket: {} }, 1)?.isNewVisitor).toBe(false);
  });
});

describe('the address of a click', () => {
  const spoofed = {
    'Fly-Client-IP': amsterdam,
    'X-Forwarded-For': amsterdam,
    'X-Real-IP': amsterdam,
    Forwarded: `for=${amsterdam}`,
  };

  it.each([
    ['nothing is trusted', 'none', spoofed, 'GB'],
    ['Fly is trusted', 'fly', { 'Fly-Client-IP': amsterdam }, 'NL'],
    ['Fly is trusted, and does not say', 'fly', { 'X-Forwarded-For': amsterdam }, 'GB'],
    ['Fly is trusted, and says rubbish', 'fly', { 'Fly-Client-IP': 'unknown' }, 'GB'],
    [
      'Fly is trusted, and says it twice',
      'fly',
      { 'Fly-Client-IP': `${amsterdam}, ${amsterdam}` },
      'GB',
    ],
    ['one proxy is trusted', 1, { 'X-Forwarded-For': `8.8.8.8, ${amsterdam}` }, 'NL'],
    ['two are trusted', 2, { 'X-Forwarded-For': `8.8.8.8, ${amsterdam}, 10.0.0.1` }, 'NL'],
    ['two are trusted, and one was there', 2, { 'X-Forwarded-For': amsterdam }, 'GB'],
    ['one is trusted, not Fly', 1, { 'Fly-Client-IP': amsterdam }, 'GB'],
    [
      'the list is longer than anybody reads',
      1,
      { 'X-Forwarded-For': `${'8.8.8.8,'.repeat(900)}${amsterdam}` },
      'NL',
    ],
    ['the address is private', 1, { 'X-Forwarded-For': '10.0.0.1' }, null],
    ['the address is IPv6', 1, { 'X-Forwarded-For': '2a01:4f8::1' }, 'DE'],
    [
      'the address is a kilobyte long',
      1,
      { 'X-Forwarded-For': `fe80::1%${'e'.repeat(1_000)}` },
      'GB',
    ],
  ] as const)('when %s', (_title, trustProxy, headers, country) => {
    const judge = openJudge({ trustProxy });
    judge.judge(request(browserHeaders(), amsterdam), 1);
    for (let time = 1; time <= 2; time += 1) {
      expect(judge.judge(request(browserHeaders(headers)), 1)?.details.country).toBe(country);
    }
  });

  it('is the one behind the proxy on all lines of the header', () => {
    const judge = openJudge({ trustProxy: 1 });
    const lines = ['X-Forwarded-For', '8.8.8.8', 'x-forwarded-for', amsterdam];
    expect(judge.judge(request([...browserHeaders(), ...lines]), 1)?.details.country).toBe('NL');
  });

  it('is looked up once', () => {
    let lookups = 0;
    const judge = openJudge({
      findCountry: (address) => {
        lookups += 1;
        return findCountry(address);
      },
    });
    for (let link = 1; link <= 10; link += 1) judge.judge(request(), link);
    expect(lookups).toBe(1);
  });
});

describe('the day of a click', () => {
  it('makes everybody new when another one begins', () => {
    const clock = fakeClock();
    const judge = openJudge({ clock });
    const isNew = () => judge.judge(request(), 1)?.isNewVisitor;
    expect(isNew()).toBe(true);
    clock.advance(msPerDay - 1);
    expect(isNew()).toBe(false);
    clock.advance(1);
    expect(isNew()).toBe(true);
    expect(isNew()).toBe(false);
  });

  it('takes with it who was seen', () => {
    const clock = fakeClock();
    const random = { bytes: (count: number) => new Uint8Array(count) };
    const judge = openJudge({ clock, random });
    judge.judge(request(), 1);
    clock.advance(msPerDay);
    expect(judge.judge(request(), 1)?.isNewVisitor).toBe(true);
  });

  it('ends when the clock is set back, too', () => {
    const clock = fakeClock();
    const judge = openJudge({ clock });
    judge.judge(request(), 1);
    clock.setNow(clock.now() - 1);
    expect(judge.judge(request(), 1)?.isNewVisitor).toBe(true);
  });

  it('ends when the clock was a year ahead', () => {
    const clock = fakeClock();
    const judge = openJudge({ clock });
    clock.advance(365 * msPerDay);
    judge.judge(request(), 1);
    clock.advance(-365 * msPerDay);
    expect(judge.judge(request(), 1)?.isNewVisitor).toBe(true);
    expect(judge.judge(request(), 1)?.isNewVisitor).toBe(false);
  });

  it('is forgotten by a restart', () => {
    openJudge().judge(request(), 1);
    expect(openJudge().judge(request(), 1)?.isNewVisitor).toBe(true);
  });
});
