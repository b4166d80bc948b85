import { expect, test } from 'vitest';
import { parseLiteFsCall } from '../../src/guard/litefs-call.ts';

test.for([
  ['PUT', '/v1/session/create', { is: 'create-session' }],
  ['PUT', '/v1/session/renew/ab-1', { is: 'renew', session: 'ab-1' }],
  ['PUT', '/v1/session/destroy/ab-1', { is: 'destroy', session: 'ab-1' }],
  ['PUT', '/v1/kv/hoplite/shop/1?acquire=ab-1', { is: 'acquire', session: 'ab-1' }],
  ['PUT', '/v1/kv/hoplite/shop/1?flags=0&acquire=ab-1', { is: 'acquire', session: 'ab-1' }],
  ['PUT', '/v1/kv/hoplite%2Fshop%2F1?acquire=ab-1', { is: 'acquire', session: 'ab-1' }],
  ['PUT', '/v1/kv/hoplite/shop/1?release=ab-1', { is: 'release', session: 'ab-1' }],
  ['GET', '/v1/kv/hoplite/shop/1', { is: 'read-lease' }],
  ['GET', '/v1/kv/hoplite/shop/1?recurse=true', { is: 'other' }],
  ['GET', '/v1/kv/hoplite/shop/1/clusterid', { is: 'other' }],
  ['PUT', '/v1/kv/hoplite/shop/1/clusterid', { is: 'other' }],
  ['PUT', '/v1/kv/hoplite/shop/2?acquire=ab-1', { is: 'other' }],
  ['PUT', '/v1/kv/hoplite/shop/1', { is: 'other' }],
  ['GET', '/v1/session/renew/ab-1', { is: 'other' }],
] as const)('%s %s', ([method, url, call]) => {
  expect(parseLiteFsCall(method, url, 'hoplite/shop/1')).toEqual(call);
});
