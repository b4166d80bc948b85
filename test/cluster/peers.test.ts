import { describe, expect, it } from 'vitest';
import { parsePeers } from '../../src/cluster/peers.ts';

describe('PEER_URL', () => {
  it.each([
    ['http://{node}.vm.app.internal:8081', 'abc', 'http://abc.vm.app.internal:8081'],
    ['http://{node}.vm.app.internal:8081/', 'abc', 'http://abc.vm.app.internal:8081'],
    ['http://{node}:8081', '10.0.0.1', 'http://10.0.0.1:8081'],
    ['a=http://10.0.0.1:1, b=http://[fd00::1]:2/', 'a', 'http://10.0.0.1:1'],
    ['a=http://10.0.0.1:1, b=http://[fd00::1]:2/', 'b', 'http://[fd00::1]:2'],
    ['a=http://10.0.0.1:1', 'c', undefined],
    ['http://{node}:8081', 'evil/path?', undefined],
    ['http://{node}:8081', 'a@b', undefined],
    ['http://{node}:8081', '', undefined],
  ])('%s has %s at %s', (peerUrl, node, url) => {
    expect(parsePeers(peerUrl)(node)).toBe(url);
  });

  it.each([
    '',
    'http://10.0.0.1:8081',
    'a=10.0.0.1:8081',
    'a=https://a.test',
    'a=http://a.test/path',
    'a=http://a.test,,b=http://b.test',
    'a b=http://a.test',
    'http://{node}.test/private',
    'ftp://{node}.test',
    '{node}',
  ])('"%s" is refused with a sentence', (peerUrl) => {
    expect(() => parsePeers(peerUrl)).toThrow(/^PEER_URL: /);
  });
});
