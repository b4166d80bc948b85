import { describe, expect, it } from 'vitest';
import { maxTextLength } from '../../src/clicks/facts/header-text.ts';
import { Memo } from '../../src/clicks/facts/memo.ts';

describe('a memo', () => {
  it('keeps what was set, null too', () => {
    const memo = new Memo<number | null>(10);
    memo.set('a', 1);
    memo.set('', null);
    expect(memo.get('a')).toBe(1);
    expect(memo.get('')).toBeNull();
    expect(memo.get('b')).toBeUndefined();
  });

  it('keeps no more than two generations', () => {
    const memo = new Memo<number>(10);
    for (let at = 0; at < 1_000; at += 1) memo.set(`text ${at}`, at);
    const kept = Array.from({ length: 1_000 }, (_, at) => at).filter(
      (at) => memo.get(`text ${at}`) !== undefined,
    );
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept).toContain(999);
  });

  it('keeps what is asked for', () => {
    const memo = new Memo<string>(10);
    memo.set('asked for', 'value');
    for (let at = 0; at < 1_000; at += 1) {
      memo.set(`text ${at}`, 'other');
      if (at % 10 === 0) expect(memo.get('asked for')).toBe('value');
    }
  });

  it('looks at the beginning of long texts only', () => {
    const memo = new Memo<number>(10);
    const text = 'é'.repeat(maxTextLength);
    memo.set(`${text}a`, 1);
    expect(memo.get(`${text}b`)).toBe(1);
    expect(memo.get(text)).toBe(1);
    expect(memo.get(text.slice(1))).toBeUndefined();
  });

  it('forgets all when it is cleared', () => {
    const memo = new Memo<number>(2);
    for (const text of ['a', 'b', 'c']) memo.set(text, 1);
    memo.clear();
    for (const text of ['a', 'b', 'c']) expect(memo.get(text)).toBeUndefined();
  });
});
