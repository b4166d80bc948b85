import { expect, test } from 'vitest';
import { AnswerCheck } from '../../scripts/bench/answer-check.ts';
import { RequestHead } from '../../scripts/bench/request-head.ts';
import { destinationOf, slugLength, slugOf } from '../../scripts/bench/slugs.ts';
import { parseSlug } from '../../src/domain/slug.ts';

const link = 4_711;
const head = new RequestHead('GET', 'none', 0);
head.aim(link);

function answer(location: string, more = 'Content-Length: 0\r\n', body = '', status = '302 Found') {
  return Buffer.from(`HTTP/1.1 ${status}\r\nLocation: ${location}\r\n${more}\r\n${body}`);
}

function isWhole(bytes: Buffer, check = new AnswerCheck('GET')): boolean {
  return check.isWhole(bytes, bytes.length, head.bytes, head.slugAt);
}

test('slugs are all different, of one length, and slugs', () => {
  const slugs = Array.from({ length: 100_000 }, (_, n) => slugOf(n));
  expect(new Set(slugs).size).toBe(slugs.length);
  expect(new Set(slugs.map((slug) => slug.length))).toEqual(new Set([slugLength]));
  expect(slugs.every((slug) => parseSlug(slug) === slug)).toBe(true);
});

test('a request asks for the link it is aimed at', () => {
  expect(head.bytes.toString()).toBe(`GET /${slugOf(link)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const other = new RequestHead('HEAD', 'none', 0);
  other.aim(1);
  other.aim(2);
  expect(other.bytes.toString()).toMatch(new RegExp(`^HEAD /${slugOf(2)} HTTP`));
});

test("a browser's request has its headers, and another visitor each time", () => {
  const browser = new RequestHead('GET', 'browser', 3);
  const visitors = Array.from({ length: 100 }, (_, n) => {
    browser.aim(n);
    const text = browser.bytes.toString();
    expect(text).toMatch(
      /^GET \/\w{7} HTTP\/1\.1\r\nHost: localhost\r\n(?:[\w-]+: [^\r\n]+\r\n)+\r\n$/,
    );
    expect(text).toContain(`/${slugOf(n)} `);
    return /\r\nX-Forwarded-For: (81\.2\.\d{3}\.\d{3})\r\n/.exec(text)?.[1];
  });
  expect(visitors).not.toContain(undefined);
  expect(new Set(visitors).size).toBeGreaterThan(50);
});

test.each([
  ['without a body', answer(destinationOf(link))],
  ['with a body', answer(destinationOf(link), 'Content-Length: 5\r\n', 'moved')],
  ['in chunks', answer(destinationOf(link), 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['in small letters', Buffer.from(`HTTP/1.1 302 \r\nlocation:${destinationOf(link)}\r\n\r\n`)],
])('a redirect to the destination is right, %s, and whole only at its end', (_, bytes) => {
  for (let length = 1; length < bytes.length; length += 1) {
    expect(isWhole(bytes.subarray(0, length))).toBe(false);
  }
  const check = new AnswerCheck('GET');
  // The first is read in full, the others are compared with it.
  expect([isWhole(bytes, check), isWhole(bytes, check), isWhole(bytes, check)]).toEqual([
    true,
    true,
    true,
  ]);
});

test.each([
  ['another destination', answer(destinationOf(link + 1))],
  ['a longer destination', answer(`${destinationOf(link)}/more`)],
  ['a shorter destination', answer(destinationOf(link).slice(0, -1))],
  ['another status', answer(destinationOf(link), '', '', '301 Moved Permanently')],
  ['an error', Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n')],
  ['no location', Buffer.from('HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n')],
  ['more than one answer', Buffer.concat([answer(destinationOf(link)), answer('x')])],
])('%s is wrong, also behind right answers', (_, wrong) => {
  expect(() => isWhole(wrong)).toThrow('wrong answer');
  const check = new AnswerCheck('GET');
  isWhole(answer(destinationOf(link)), check);
  expect(() => isWhole(wrong, check)).toThrow('wrong answer');
});

test('a wrong answer of the right length is wrong', () => {
  const check = new AnswerCheck('GET');
  const right = answer(destinationOf(link));
  expect(isWhole(right, check)).toBe(true);
  for (const [from, to] of [
    ['302 Found', '307 Found'],
    [slugOf(link), slugOf(link + 1)],
    ['spring', 'autumn'],
    ['xx\r\n', 'xy\r\n'],
  ] as const) {
    expect(() => isWhole(Buffer.from(right.toString().replace(from, to)), check)).toThrow('wrong');
  }
});

test('an answer to HEAD has no body, whatever it says of its length', () => {
  const bytes = answer(destinationOf(link), 'Content-Length: 145\r\n');
  expect(isWhole(bytes, new AnswerCheck('HEAD'))).toBe(true);
  expect(isWhole(bytes, new AnswerCheck('GET'))).toBe(false);
});
