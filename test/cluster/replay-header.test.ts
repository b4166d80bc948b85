import { describe, expect, it } from 'vitest';
import { deriveKey } from '../../src/cluster/fleet-key.ts';
import {
  buildReplayHeader,
  findReplayOrigin,
  signReplayState,
  wasReplayed,
} from '../../src/cluster/replay-header.ts';

const key = deriveKey('a secret of the fleet with 32 characters', 'replay-state');
const nowMs = Date.UTC(2026, 0);
const origin = '5683d920b1d78e.x_y-z';
const state = signReplayState([key], origin, nowMs);
const sourceOf = (text: string) => ({
  'fly-replay-src': `instance=1;region=iad;t=1;state=${text}`,
});

describe('the fly-replay header', () => {
  it('names the primary, a bound, the way back and the state', () => {
    expect(buildReplayHeader('abc', state)).toBe(
      `instance=abc;timeout=2000ms;fallback=force_self;state=${state}`,
    );
  });

  it('has a short state that needs no quotes', () => {
    expect(state).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(state.length).toBeLessThan(110);
  });
});

describe('the state of a replay', () => {
  it.each([
    ['as Fly writes it', { 'fly-replay-src': `instance=1;region=iad;t=1;state=${state}` }],
    ['with commas', { 'fly-replay-src': `instance=1,region=iad,t=1,state=${state}` }],
    ['with spaces', { 'fly-replay-src': `instance=1; state=${state}; t=1` }],
    ['in quotes', { 'fly-replay-src': `state="${state}";t=1` }],
  ])('%s names the node that asked', (_, headers) => {
    expect(findReplayOrigin([key], headers, nowMs)).toBe(origin);
  });

  it('is good for a minute', () => {
    expect(findReplayOrigin([key], sourceOf(state), nowMs + 59_999)).toBe(origin);
    expect(findReplayOrigin([key], sourceOf(state), nowMs + 60_000)).toBeUndefined();
  });

  const later = state.replace(/^[^.]+/, (nowMs + 999_999).toString(36));
  it.each([
    ['forged', state.replace(/\.[^.]+\./, `.${'A'.repeat(22)}.`)],
    ['of another node', state.replace(origin, 'other')],
    ['with a later end', later],
    ['cut', state.slice(0, 20)],
    ['empty', ''],
    ['of 8 KiB', 'a'.repeat(8192)],
    ['of 8 KiB after a good one', state + 'a'.repeat(8192)],
    ['with signs that are not ASCII', state.replace('.', '.é')],
  ])('%s names nobody', (_, text) => {
    expect(findReplayOrigin([key], sourceOf(text), nowMs)).toBeUndefined();
  });

  it.each([{}, { 'fly-replay-src': '' }, { 'fly-replay-src': ['a', 'b'] }])(
    'is not in %j',
    (headers) => {
      expect(findReplayOrigin([key], headers, nowMs)).toBeUndefined();
    },
  );

  it('is read with any of the keys that there are', () => {
    const next = deriveKey('x', 'replay-state');
    expect(findReplayOrigin([next, key], sourceOf(state), nowMs)).toBe(origin);
  });

  it('of another fleet names nobody', () => {
    const other = deriveKey('another secret, also 32 characters long', 'replay-state');
    expect(findReplayOrigin([other], sourceOf(state), nowMs)).toBeUndefined();
  });
});

describe('a request', () => {
  it.each([
    [{}, false],
    [{ 'fly-region': 'iad' }, false],
    [{ 'fly-replay-src': '' }, true],
    [{ 'fly-replay-src': 'forged' }, true],
    [{ 'fly-replay-failed': 'reason=timeout' }, true],
  ])('with %j counts as replayed: %s', (headers, replayed) => {
    expect(wasReplayed(headers)).toBe(replayed);
  });
});
