import { describe, expect, it } from 'vitest';
import { DetailsTable } from '../../src/clicks/facts/details-table.ts';

const chrome = { isBot: false, browser: 'Chrome', os: 'Windows', device: 'desktop' } as const;

describe('details', () => {
  it('are one object for the same content', () => {
    const table = new DetailsTable();
    const details = table.details(table.agent(chrome), 'GB', 'example.com');
    expect(details).toEqual({ ...chrome, country: 'GB', referrer: 'example.com' });
    expect(table.details(table.agent({ ...chrome }), 'GB', 'example.com')).toBe(details);
  });

  it('are other objects for other content', () => {
    const table = new DetailsTable();
    const all = [
      table.details(table.agent(chrome), 'GB', 'example.com'),
      table.details(table.agent({ ...chrome, isBot: true }), 'GB', 'example.com'),
      table.details(table.agent({ ...chrome, browser: null }), 'GB', 'example.com'),
      table.details(table.agent({ ...chrome, os: 'Linux' }), 'GB', 'example.com'),
      table.details(table.agent({ ...chrome, device: 'tv' }), 'GB', 'example.com'),
      table.details(table.agent(chrome), null, 'example.com'),
      table.details(table.agent(chrome), 'GB', null),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('are dropped when referrers that somebody makes up are too many', () => {
    const table = new DetailsTable();
    const agent = table.agent(chrome);
    const first = table.details(agent, 'GB', 'example.com');
    for (let at = 0; at < 25_000; at += 1) table.details(agent, 'GB', `n${at}.example.com`);
    const again = table.details(agent, 'GB', 'example.com');
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });
});
