import { describe, expect, it } from 'vitest';
import { createPages } from '../../src/web/pages.ts';

const pages = createPages('v1');

describe('the source of countries', () => {
  it.each([
    [
      'home',
      pages.home({
        baseUrl: 'https://go.example.com',
        links: [],
        failure: undefined,
        signedIn: false,
      }),
    ],
    ['sign-in', pages.signIn({})],
    ['problem', pages.problem({ status: 404, title: 'Not found', detail: 'No such link.' })],
  ])('is named on the %s page', (_name, markup) => {
    expect(markup).toContain('<a href="https://db-ip.com">IP Geolocation by DB-IP</a>');
  });
});
