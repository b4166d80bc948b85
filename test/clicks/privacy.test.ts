import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  DailyClickJudge,
  type DailyClickJudgeOptions,
} from '../../src/clicks/facts/daily-click-judge.ts';
import { toVisitorNumber } from '../../src/clicks/facts/visitor-number.ts';
import type { Random } from '../../src/domain/random.ts';
import { browserHeaders, chrome } from '../support/browser-headers.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const msPerDay = 86_400_000;
const address = '198.51.100.77';
const nothing = { country: null, referrer: null, browser: null, os: null, device: null };

const findCountry = vi.fn(() => 'GB');

let opened = new DisposableStack();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  findCountry.mockClear();
});
afterEach(() => {
  opened.dispose();
  opened = new DisposableStack();
  vi.useRealTimers();
});

function openJudge(options: Partial<DailyClickJudgeOptions> = {}) {
  return opened.use(
    new DailyClickJudge({
      clock: fakeClock(),
      random: seededRandom('privacy'),
      trustProxy: 'none',
      baseUrl: 'https://go.example.com',
      findCountry,
      ...options,
    }),
  );
}

/** Chance that counts how often a key was drawn. */
function countedRandom(): Random & { keys: number } {
  const random = seededRandom('keys');
  return {
    keys: 0,
    bytes(count) {
      this.keys += 1;
      return random.bytes(count);
    },
  };
}

describe('a visitor who asks not to be looked at', () => {
  it.each([['DNT'], ['Sec-GPC'], ['dnt'], ['sec-gpc']])(
    'by %s is counted without any detail',
    (name) => {
      const judge = openJudge({ trustProxy: 'fly' });
      const headers = browserHeaders({ [name]: '1', 'Fly-Client-IP': address });
      for (let time = 1; time <= 2; time += 1) {
        expect(judge.judge({ rawHeaders: headers, socket: { remoteAddress: address } }, 1)).toEqual(
          {
            details: { isBot: false, ...nothing },
            isNewVisitor: false,
          },
        );
      }
      expect(findCountry).not.toHaveBeenCalled();
    },
  );

  it('is not looked at even where the address is known', () => {
    const judge = openJudge();
    const socket = {
      get remoteAddress(): string {
        throw new Error('the address was read');
      },
    };
    const judged = judge.judge({ rawHeaders: browserHeaders({ DNT: '1' }), socket }, 1);
    expect(judged?.isNewVisitor).toBe(false);
  });

  it('is still a bot, if one', () => {
    const headers = browserHeaders({ 'Sec-GPC': '1', 'User-Agent': 'curl/8.5.0' });
    expect(
      openJudge().judge({ rawHeaders: headers, socket: { remoteAddress: address } }, 1),
    ).toEqual({ details: { isBot: true, ...nothing }, isNewVisitor: false });
  });

  it('leaves no trace in the set of visitors', () => {
    const judge = openJudge();
    const socket = { remoteAddress: address };
    judge.judge({ rawHeaders: browserHeaders({ DNT: '1' }), socket }, 1);
    expect(judge.judge({ rawHeaders: browserHeaders(), socket }, 1)?.isNewVisitor).toBe(true);
  });

  it('has the same details as somebody of whom nothing is known', () => {
    const judge = openJudge({ findCountry: () => null });
    const hidden = judge.judge(
      { rawHeaders: browserHeaders({ DNT: '1' }), socket: {} },
      1,
    )?.details;
    expect(judge.judge({ rawHeaders: [], socket: {} }, 1)?.details).toBe(hidden);
  });
});

describe('what is kept of a click', () => {
  const markers = ['mark-cookie', 'mark-program', 'mark-path', 'mark-token', 'mark-user', '198.51'];
  const marked = browserHeaders({
    Cookie: 'session=mark-cookie',
    'User-Agent': `${chrome} mark-program/9.9`,
    Referer: 'https://mark-user:x@www.example.net/mark-path?mark-token=1',
    Authorization: 'Bearer mark-token',
    'X-Forwarded-For': `${address}, ${address}`,
  });

  it.each(['none', 'fly', 1, 2] as const)('holds no marker when %s is trusted', (trustProxy) => {
    const judged = openJudge({ trustProxy }).judge(
      { rawHeaders: marked, socket: { remoteAddress: address } },
      1,
    );
    const kept = JSON.stringify(judged);
    for (const marker of markers) expect(kept).not.toContain(marker);
    expect(judged?.details).toEqual({
      isBot: false,
      country: 'GB',
      referrer: 'www.example.net',
      browser: 'Chrome',
      os: 'Windows',
      device: 'desktop',
    });
  });

  it('is no more than these parts', () => {
    const judged = openJudge().judge({ rawHeaders: marked, socket: { remoteAddress: address } }, 1);
    expect(Object.keys(judged ?? {}).sort()).toEqual(['details', 'isNewVisitor']);
    expect(Object.keys(judged?.details ?? {}).sort()).toEqual([
      'browser',
      'country',
      'device',
      'isBot',
      'os',
      'referrer',
    ]);
  });
});

describe('the key of a day', () => {
  it('makes the numbers of visitors: nobody finds them without it', () => {
    const number = toVisitorNumber('key', address, chrome);
    expect(toVisitorNumber('key', address, chrome)).toEqual(number);
    expect(toVisitorNumber('another', address, chrome)).not.toEqual(number);
    expect(toVisitorNumber('key', '198.51.100.78', chrome)).not.toEqual(number);
    expect(toVisitorNumber('key', address, `${chrome} `)).not.toEqual(number);
  });

  it('is replaced when the day ends, though nobody clicks', () => {
    const clock = fakeClock();
    const random = countedRandom();
    openJudge({ clock, random });
    expect(random.keys).toBe(1);
    clock.advance(msPerDay - 60_000);
    vi.advanceTimersByTime(60_000);
    expect(random.keys).toBe(1);
    clock.advance(60_000);
    vi.advanceTimersByTime(60_000);
    expect(random.keys).toBe(2);
  });

  it('is no longer watched when the app ends', () => {
    const judge = openJudge();
    expect(vi.getTimerCount()).toBe(1);
    judge[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes the addresses with it', () => {
    const clock = fakeClock();
    const judge = openJudge({ clock });
    const request = { rawHeaders: browserHeaders(), socket: { remoteAddress: address } };
    judge.judge(request, 1);
    judge.judge(request, 1);
    expect(findCountry).toHaveBeenCalledTimes(1);
    clock.advance(msPerDay);
    judge.judge(request, 1);
    expect(findCountry).toHaveBeenCalledTimes(2);
  });
});
