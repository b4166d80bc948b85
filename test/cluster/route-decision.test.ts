import { describe, expect, it } from 'vitest';
import { bodyLengthOf, decideRoute, type RouteFacts } from '../../src/cluster/route-decision.ts';

const replica = { is: 'replica', primary: 'p' } as const;
const plain: RouteFacts = {
  role: replica,
  mode: 'fly',
  caller: 'client',
  wasReplayed: false,
  hops: 0,
  bodyLength: 100,
  replayMaxBytes: 1000,
};
const replay = { by: 'replay', to: 'p' };
const forward = { by: 'forward', to: 'p' };
const none = (why: string) => ({ by: 'none', why });

describe('the way of a request to the primary', () => {
  it.each<[string, Partial<RouteFacts>, object]>([
    ['behind Fly', {}, replay],
    ['behind Fly, without a body', { bodyLength: 0 }, replay],
    ['behind Fly, a body at the limit', { bodyLength: 1000 }, replay],
    ['behind Fly, a body over the limit', { bodyLength: 1001 }, forward],
    ['behind Fly, a body of unknown length', { bodyLength: undefined }, forward],
    ['behind Fly, replayed before', { wasReplayed: true }, forward],
    ['behind Fly, forwarded before', { hops: 1 }, forward],
    ['behind Fly, replayed and forwarded before', { wasReplayed: true, hops: 1 }, forward],
    ['behind Fly, forwarded twice', { hops: 2 }, none('forwarded_twice')],
    ['behind Fly, of an operator', { caller: 'operator' }, forward],
    ['elsewhere', { mode: 'forward' }, forward],
    ['elsewhere, a body over the limit', { mode: 'forward', bodyLength: 1001 }, forward],
    ['elsewhere, a body of unknown length', { mode: 'forward', bodyLength: undefined }, forward],
    ['elsewhere, claiming a replay', { mode: 'forward', wasReplayed: true }, forward],
    ['elsewhere, forwarded before', { mode: 'forward', hops: 1 }, forward],
    ['elsewhere, forwarded twice', { mode: 'forward', hops: 2 }, none('forwarded_twice')],
    ['on the primary, whose writer is away', { role: { is: 'primary' } }, none('not_ready')],
    ['on a joining node', { role: { is: 'joining' } }, none('no_primary')],
    ['on a detached node', { role: { is: 'detached' } }, none('no_primary')],
    [
      'to a name that is none',
      { role: { is: 'replica', primary: 'p;state=x' } },
      none('no_primary'),
    ],
  ])('%s', (_, facts, route) => {
    expect(decideRoute({ ...plain, ...facts })).toEqual(route);
  });

  it('ends after three steps at most, whatever the roles are on its way', () => {
    const roles = [replica, { is: 'primary' }, { is: 'joining' }, { is: 'detached' }] as const;
    for (const mode of ['fly', 'forward'] as const) {
      for (const bodyLength of [0, 1001, undefined]) {
        for (const role of roles) {
          const replayed = decideRoute({ ...plain, role, mode, bodyLength, wasReplayed: true });
          expect(replayed.by).not.toBe('replay');
          const once = decideRoute({ ...plain, role, mode, bodyLength, hops: 1 });
          expect(once.by).not.toBe('replay');
          const twice = decideRoute({ ...plain, role, mode, bodyLength, hops: 2 });
          expect(twice.by).toBe('none');
        }
      }
    }
  });
});

describe('the length of a body', () => {
  it.each([
    [{}, 0],
    [{ 'content-length': '12' }, 12],
    [{ 'content-length': '0' }, 0],
    [{ 'content-length': '-1' }, undefined],
    [{ 'content-length': '1e3' }, undefined],
    [{ 'content-length': '' }, undefined],
    [{ 'content-length': '99999999999999999999' }, undefined],
    [{ 'transfer-encoding': 'chunked' }, undefined],
    [{ 'transfer-encoding': 'chunked', 'content-length': '12' }, undefined],
  ])('of %j is %s', (headers, length) => {
    expect(bodyLengthOf(headers)).toBe(length);
  });
});
