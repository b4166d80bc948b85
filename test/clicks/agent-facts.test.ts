import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AgentFacts, toAgentFacts } from '../../src/clicks/facts/agent-facts.ts';

type Row = [name: string, userAgent: string, ...Expected];
type Expected = [AgentFacts['browser'], AgentFacts['os'], AgentFacts['device']];

const webKit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const appleWebKit = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const windows = `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webKit}`;
const mac = `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${appleWebKit}`;
const iphone = `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${appleWebKit}`;

const people: Row[] = [
  ['Chrome', `${windows} Chrome/131.0.0.0 Safari/537.36`, 'Chrome', 'Windows', 'desktop'],
  ['Edge', `${windows} Chrome/131.0 Safari/537.36 Edg/131.0`, 'Edge', 'Windows', 'desktop'],
  ['Opera', `${windows} Chrome/130.0 Safari/537.36 OPR/115.0`, 'Opera', 'Windows', 'desktop'],
  [
    'Internet Explorer',
    'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
    'Internet Explorer',
    'Windows',
    'desktop',
  ],
  [
    'Firefox on a Mac',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0',
    'Firefox',
    'macOS',
    'desktop',
  ],
  [
    'Firefox on Linux',
    'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
    'Firefox',
    'Linux',
    'desktop',
  ],
  ['Safari', `${mac} Version/18.1 Safari/605.1.15`, 'Safari', 'macOS', 'desktop'],
  [
    'a Chromebook',
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webKit} Chrome/131.0.0.0 Safari/537.36`,
    'Chrome',
    'Chrome OS',
    'desktop',
  ],
  ['an iPhone', `${iphone} Version/18.1 Mobile/15E148 Safari/604.1`, 'Safari', 'iOS', 'mobile'],
  [
    'Chrome on an iPhone',
    `${iphone} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1`,
    'Chrome',
    'iOS',
    'mobile',
  ],
  [
    'Firefox on an iPhone',
    `${iphone} FxiOS/132.0 Mobile/15E148 Safari/605.1.15`,
    'Firefox',
    'iOS',
    'mobile',
  ],
  [
    'an iPad that says so',
    `Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) ${appleWebKit} Version/16.6 Mobile/15E148 Safari/604.1`,
    'Safari',
    'iOS',
    'tablet',
  ],
  [
    'an Android phone',
    `Mozilla/5.0 (Linux; Android 10; K) ${webKit} Chrome/131.0.0.0 Mobile Safari/537.36`,
    'Chrome',
    'Android',
    'mobile',
  ],
  [
    'Firefox on an Android phone',
    'Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0',
    'Firefox',
    'Android',
    'mobile',
  ],
  [
    "Samsung's browser",
    `Mozilla/5.0 (Linux; Android 10; K) ${webKit} SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36`,
    'Samsung Internet',
    'Android',
    'mobile',
  ],
  [
    'an Android tablet',
    `Mozilla/5.0 (Linux; Android 14; SM-X710) ${webKit} Chrome/131.0.0.0 Safari/537.36`,
    'Chrome',
    'Android',
    'tablet',
  ],
  [
    'a Samsung television',
    `Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) ${webKit} 76.0.3809.146/6.0 TV Safari/537.36`,
    'Tizen',
    'Tizen',
    'tv',
  ],
  [
    'an LG television',
    `Mozilla/5.0 (Web0S; Linux/SmartTV) ${webKit} Chrome/87.0.4280.88 Safari/537.36 WebAppManager`,
    'WebOS Browser',
    'WebOS',
    'tv',
  ],
  [
    'an Android television',
    `Mozilla/5.0 (Linux; Android 9; BRAVIA 4K GB Build/PTT1.190515.001) ${webKit} Chrome/87.0 Safari/537.36`,
    'Chrome',
    'Android',
    'tv',
  ],
  [
    'a Fire TV',
    `Mozilla/5.0 (Linux; Android 11; AFTKRT Build/RS8101) ${webKit} Silk/126.3.1 like Chrome/126.0 Safari/537.36`,
    'Amazon Silk',
    'Android',
    'tv',
  ],
  [
    'a PlayStation',
    `Mozilla/5.0 (PlayStation; PlayStation 5/2.26) ${appleWebKit} Version/13.0 Safari/605.1.15`,
    'Safari',
    null,
    'tv',
  ],
  ['nothing', '', null, null, null],
  ['a program without a known name', 'Foo 1/2 (something) Bar/3', null, null, null],
];

const bots: Row[] = [
  ['curl', 'curl/8.5.0', null, null, null],
  ['Python', 'python-requests/2.32.3', null, null, null],
  ['Node', 'node', null, null, null],
  [
    'Googlebot as a phone',
    `Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) ${webKit} Chrome/131.0.6778.69 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`,
    'Googlebot',
    'Android',
    null,
  ],
  [
    'Googlebot',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Googlebot',
    null,
    null,
  ],
  [
    'GPTBot',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
    'GPTBot',
    null,
    null,
  ],
  [
    'Slackbot',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'SlackBot',
    null,
    null,
  ],
  ['WhatsApp', 'WhatsApp/2.23.20.0', null, null, null],
  [
    'a bot that Bowser does not know',
    'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
    null,
    null,
    null,
  ],
];

describe('a user agent', () => {
  it.each(people)('of %s is a person', (_name, userAgent, browser, os, device) => {
    expect(toAgentFacts(userAgent)).toEqual({ isBot: false, browser, os, device });
  });

  it.each(bots)('of %s is a bot', (_name, userAgent, browser, os, device) => {
    expect(toAgentFacts(userAgent)).toEqual({ isBot: true, browser, os, device });
  });

  it('gives no name that it made up itself', () => {
    const parts = fc.constantFrom(
      'Mozilla/5.0 ',
      'Evil<b>/1.0 ',
      '(',
      '; ',
      ')',
      '=cmd/1 ',
      'constructor',
    );
    const known = new Set(['Safari', null]);
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (some) => {
        const { browser, os } = toAgentFacts(some.join(''));
        expect(known).toContain(browser);
        expect(os).toBeNull();
      }),
    );
  });

  it('is read whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 512 }), (userAgent) => {
        expect(toAgentFacts(userAgent)).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });
});
