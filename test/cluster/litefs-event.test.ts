import { describe, expect, it } from 'vitest';
import { createLineSplitter } from '../../src/cluster/event-lines.ts';
import { parseLiteFsEvent } from '../../src/cluster/litefs-event.ts';

const tx =
  '{"type":"tx","db":"links.db","data":{"txID":"000000000000002a","postApplyChecksum":"96f177ffe3cde3fe","pageSize":4096,"commit":2,"timestamp":"2026-11-21T09:24:44.315Z"}}';

describe('a line of the event stream', () => {
  it.each([
    [
      '{"type":"init","data":{"isPrimary":true}}',
      { type: 'init', lease: { isPrimary: true, hostname: undefined } },
    ],
    [
      '{"type":"init","data":{"isPrimary":false,"hostname":"a"}}',
      { type: 'init', lease: { isPrimary: false, hostname: 'a' } },
    ],
    [
      '{"type":"primaryChange","data":{"isPrimary":false}}',
      { type: 'primaryChange', lease: { isPrimary: false, hostname: undefined } },
    ],
    [
      '{"type":"primaryChange","data":{"isPrimary":true,"hostname":"me"}}',
      { type: 'primaryChange', lease: { isPrimary: true, hostname: undefined } },
    ],
    [
      tx,
      {
        type: 'tx',
        database: 'links.db',
        position: { txid: '000000000000002a', checksum: '96f177ffe3cde3fe' },
      },
    ],
  ])('%s is understood', (text, event) => {
    expect(parseLiteFsEvent(text)).toEqual(event);
  });

  it('of an unknown type is passed over', () => {
    expect(parseLiteFsEvent('{"type":"checkpoint","data":{}}')).toBeUndefined();
  });

  it.each([
    'garbage',
    '{}',
    'null',
    '{"type":"init"}',
    '{"type":"init","data":{"isPrimary":"yes"}}',
    '{"type":"tx","db":"links.db","data":{"txID":"2a","postApplyChecksum":"96f177ffe3cde3fe"}}',
    '{"type":"tx","data":{"txID":"000000000000002a","postApplyChecksum":"96f177ffe3cde3fe"}}',
    tx.slice(0, 40),
  ])('%s is refused', (text) => {
    expect(() => parseLiteFsEvent(text)).toThrow();
  });
});

describe('the line splitter', () => {
  it('keeps half a line until its end comes', () => {
    const cut = createLineSplitter();
    expect(cut('{"a":')).toEqual([]);
    expect(cut('1}')).toEqual([]);
    expect(cut('\n{"b":2}\n{"c"')).toEqual(['{"a":1}', '{"b":2}']);
    expect(cut(':3}\n\n')).toEqual(['{"c":3}']);
  });

  it('refuses a line without an end', () => {
    const cut = createLineSplitter();
    cut('x'.repeat(60_000));
    expect(() => cut('x'.repeat(60_000))).toThrow('has no end');
  });
});
