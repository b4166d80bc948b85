import { describe, expect, it } from 'vitest';
import { isOwnHost } from '../../src/http/own-host.ts';

describe('our own host', () => {
  it.each([
    'go.example.com',
    'GO.example.com',
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.1.2.3:8080',
    '[::1]:8080',
  ])('is %s', (host) => {
    expect(isOwnHost(host, 'https://go.example.com')).toBe(true);
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'go.example.com.evil.example',
    'go.example.com:444',
    'xgo.example.com',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '128.0.0.1',
    '10.0.0.1',
    '[::2]',
    'localhost:8080@evil.example',
  ])('is not %s', (host) => {
    expect(isOwnHost(host, 'https://go.example.com')).toBe(false);
  });

  it('has the port of BASE_URL', () => {
    expect(isOwnHost('go.example.com:8443', 'https://go.example.com:8443')).toBe(true);
    expect(isOwnHost('go.example.com', 'https://go.example.com:8443')).toBe(false);
  });
});
