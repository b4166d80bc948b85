import { describe, expect, test } from 'vitest';
import {
  type DestinationPolicy,
  isAllowedDestination,
  maxDestinationLength,
  parseDestination,
} from '../../src/domain/destination.ts';
import { Failure } from '../../src/domain/failure.ts';

const policy: DestinationPolicy = {
  ownHosts: ['go.example.com', 'bücher.example', '198.41.0.4', '[2606:4700::1111]'],
  allowPrivate: false,
};

/** What the refusal of a destination says, `accepted` when it is none. */
function judge(text: string, by: DestinationPolicy = policy): string {
  try {
    parseDestination(text, by);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.kind).toBe('invalid');
    expect(error.details.errors).toEqual([{ pointer: '/destination', detail: error.message }]);
    return error.message;
  }
}

const accepted: readonly (readonly [given: string, stored: string])[] = [
  ['https://example.com', 'https://example.com/'],
  ['http://example.com/', 'http://example.com/'],
  ['HTTPS://EXAMPLE.COM/Path', 'https://example.com/Path'],
  ['hTtP://example.com/', 'http://example.com/'],
  ['  https://example.com/  ', 'https://example.com/'],
  ['\u00a0https://example.com/\u3000', 'https://example.com/'],
  ['https://example.com:443/', 'https://example.com/'],
  ['http://example.com:80/', 'http://example.com/'],
  ['https://example.com:8443/', 'https://example.com:8443/'],
  ['https://example.com:/', 'https://example.com/'],
  ['https:example.com', 'https://example.com/'],
  ['https:\\\\example.com\\a', 'https://example.com/a'],
  ['https://example.com\\@example.org/', 'https://example.com/@example.org/'],
  ['https://example.com/a/../b/./c', 'https://example.com/b/c'],
  ['https://example.com/%2e%2e/a', 'https://example.com/a'],
  ['https://example.com//a//b', 'https://example.com//a//b'],
  ['https://example.com/?', 'https://example.com/?'],
  ['https://example.com/#', 'https://example.com/#'],
  ['https://example.com?a=1&b=2#top', 'https://example.com/?a=1&b=2#top'],
  ['https://example.com/%0d%0aSet-Cookie:a=1', 'https://example.com/%0d%0aSet-Cookie:a=1'],
  ['https://example.com/\u010d\u010a', 'https://example.com/%C4%8D%C4%8A'],
  ['https://example.com/\u560d\u560a', 'https://example.com/%E5%98%8D%E5%98%8A'],
  ['https://example.com/€', 'https://example.com/%E2%82%AC'],
  ['https://example.com/?q=ü', 'https://example.com/?q=%C3%BC'],
  ['https://example.com/#ü', 'https://example.com/#%C3%BC'],
  ['https://example.com/"<>`{}', 'https://example.com/%22%3C%3E%60%7B%7D'],
  ["https://example.com/?a='", 'https://example.com/?a=%27'],
  ['https://example.com/?u=http://user:pw@x/', 'https://example.com/?u=http://user:pw@x/'],
  ['https://example.com/@user:pw', 'https://example.com/@user:pw'],
  ['https://example.com/javascript:alert(1)', 'https://example.com/javascript:alert(1)'],
  ['https://example.com/\u202egnp.exe', 'https://example.com/%E2%80%AEgnp.exe'],
  ['https://example.com/\u200b', 'https://example.com/%E2%80%8B'],
  ['https://example.com.', 'https://example.com./'],
  ['https://münchen.example.org/', 'https://xn--mnchen-3ya.example.org/'],
  ['https://xn--mnchen-3ya.example.org/', 'https://xn--mnchen-3ya.example.org/'],
  ['https://faß.de/', 'https://xn--fa-hia.de/'],
  ['https://例え.テスト/', 'https://xn--r8jz45g.xn--zckzah/'],
  ['https://例え。テスト/', 'https://xn--r8jz45g.xn--zckzah/'],
  ['https://аррӏе.com/', 'https://xn--80ak6aa92e.com/'],
  ['https://exa\u200bmple.org/', 'https://example.org/'],
  ['https://ｅｘａｍｐｌｅ．ｏｒｇ/', 'https://example.org/'],
  ['https://example\u00ad.org/', 'https://example.org/'],
  ['https://e\u0078ample%2Eorg/', 'https://example.org/'],
  ['https://@example.com/', 'https://example.com/'],
  ['https://foo_bar.example.com/', 'https://foo_bar.example.com/'],
  ['https://-a.example.com/', 'https://-a.example.com/'],
  ['https://1e100.net/', 'https://1e100.net/'],
  ['https://127.0.0.1.example.com/', 'https://127.0.0.1.example.com/'],
  ['https://10.example.com/', 'https://10.example.com/'],
  ['https://localhost.example.com/', 'https://localhost.example.com/'],
  ['https://notlocalhost.com/', 'https://notlocalhost.com/'],
  ['https://internal.example.com/', 'https://internal.example.com/'],
  ['https://example.internally/', 'https://example.internally/'],
  ['https://example.notlocal/', 'https://example.notlocal/'],
  ['https://arpa.home.example/', 'https://arpa.home.example/'],
  ['https://go.example.com.example.org/', 'https://go.example.com.example.org/'],
  ['https://www.go.example.com/', 'https://www.go.example.com/'],
  ['https://example.com/go.example.com', 'https://example.com/go.example.com'],
  ['https://1.1.1.1/', 'https://1.1.1.1/'],
  ['https://8.8.8.8:8443/', 'https://8.8.8.8:8443/'],
  ['https://0x08080808/', 'https://8.8.8.8/'],
  ['https://134744072/', 'https://8.8.8.8/'],
  ['https://9.255.255.255/', 'https://9.255.255.255/'],
  ['https://11.0.0.0/', 'https://11.0.0.0/'],
  ['https://100.63.255.255/', 'https://100.63.255.255/'],
  ['https://100.128.0.0/', 'https://100.128.0.0/'],
  ['https://126.255.255.255/', 'https://126.255.255.255/'],
  ['https://128.0.0.0/', 'https://128.0.0.0/'],
  ['https://169.253.255.255/', 'https://169.253.255.255/'],
  ['https://169.255.0.0/', 'https://169.255.0.0/'],
  ['https://172.15.255.255/', 'https://172.15.255.255/'],
  ['https://172.32.0.0/', 'https://172.32.0.0/'],
  ['https://192.167.255.255/', 'https://192.167.255.255/'],
  ['https://192.169.0.0/', 'https://192.169.0.0/'],
  ['https://198.17.255.255/', 'https://198.17.255.255/'],
  ['https://198.20.0.0/', 'https://198.20.0.0/'],
  ['https://223.255.255.255/', 'https://223.255.255.255/'],
  ['https://[2606:4700:4700::1111]/', 'https://[2606:4700:4700::1111]/'],
  ['https://[2A00:1450:4001:0:0:0:0:200E]/', 'https://[2a00:1450:4001::200e]/'],
  ['https://[2001:200::1]/', 'https://[2001:200::1]/'],
  ['https://[2003::1]/', 'https://[2003::1]/'],
];

const notHttp = [
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  ' javascript:alert(1)',
  'javascript://example.com/%0aalert(1)',
  'javascript:https://example.com/',
  'data:text/html,<script>alert(1)</script>',
  'data:,x',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'file://example.com/share',
  'blob:https://example.com/1',
  'about:blank',
  'ftp://example.com/',
  'ws://example.com/',
  'wss://example.com/',
  'mailto:a@example.com',
  'tel:+31201234567',
  'sms:+31201234567',
  'intent://example.com#Intent;scheme=https;end',
  'view-source:https://example.com/',
  'chrome://settings',
  'ms-word:ofe|u|https://example.com/a.docx',
  'filesystem:https://example.com/a',
  'gopher://example.com/',
  'ldap://example.com/',
  'jar:https://example.com!/',
  'myapp://open',
  'httpx://example.com/',
  'http+unix://%2Ftmp%2Fa/',
  'https2:example.com',
  'urn:isbn:0451450523',
  'x:',
  'example.com:443/a',
  'localhost:8080/a',
];

const notAbsolute = [
  '',
  ' ',
  'example.com',
  'www.example.com/a',
  '/path',
  '//example.com/a',
  '\\\\example.com\\a',
  '/\\example.com',
  '?q',
  '#top',
  ':',
  '://',
  'http',
  'http:',
  'http://',
  'https://',
  'https:///',
  'https://?q',
  'https://#top',
  'https://:443/',
  'https://user@/',
  'https://example.com:65536/',
  'https://example.com:-1/',
  'https://example.com:8o/',
  'https://exa<mple.com/',
  'https://exa|mple.com/',
  'https://exa^mple.com/',
  'https://exa%mple.com/',
  'https://exa%00mple.com/',
  'https://exa%20mple.com/',
  'https://exa%2fmple.com/',
  'https://example.com%0d%0a/',
  'https://[::1/',
  'https://::1/',
  'https://[::g]/',
  'https://[1:2:3]/',
  'https://[fe80::1%25eth0]/',
  'https://[fe80::1%eth0]/',
  'https://[::127.0.0.0x1]/',
  'https://256.256.256.256/',
  'https://1.2.3.4.5/',
  'https://0x100000000/',
  'https://4294967296/',
  'https://example.09/',
  '\ufeffnothing',
];

const unclean = [
  'java\tscript:alert(1)',
  'java\nscript:alert(1)',
  'java\rscript:alert(1)',
  '\u0001javascript:alert(1)',
  'ht\ntps://example.com/',
  'https:/\t/example.com/',
  'https://exam\nple.com/',
  'https://exam\tple.com/',
  'https://example.com/a\r\nSet-Cookie: a=1',
  'https://example.com/\u0000',
  'https://example.com/\u001f',
  'https://example.com/\u007f',
  'https://example.com/\u0085',
  'https://example.com/\u009f',
  '\thttps://example.com/',
  'https://example.com/\n',
  'https://example.com/a b',
  'https://example.com/?q=a b',
  'https://example.com/#a b',
  'https://exam ple.com/',
  'https:// example.com/',
  'https ://example.com/',
  'https://example.com/\u00a0a',
  'https://example.com/\u1680a',
  'https://example.com/\u2003a',
  'https://example.com/\u2028a',
  'https://example.com/\u2029a',
  'https://example.com/\u3000a',
  'https://example.com/\ud800',
  'https://example.com/?\udfff',
];

const withCredentials = [
  'https://user@example.com/',
  'https://user:pass@example.com/',
  'https://:pass@example.com/',
  'https://example.com@evil.example/',
  'https://example.com:443@evil.example/',
  'https://example.com%2F@evil.example/',
  'https://www.example.com&a=@evil.example/',
  'https://a@b@evil.example/',
  'https://%20@evil.example/',
  'http:user@evil.example',
];

const own = [
  'https://go.example.com/',
  'http://go.example.com/sale',
  'https://GO.Example.COM/sale',
  'https://go.example.com:8443/sale',
  'https://go.example.com./sale',
  'https://go.example.com.:8443/sale',
  'https://go%2Eexample%2Ecom/sale',
  'https://%67o.example.com/sale',
  'https://ｇｏ．ｅｘａｍｐｌｅ．ｃｏｍ/sale',
  'https://go。example。com/sale',
  'https://g\u00ado.example.com/sale',
  'https://g\u200bo.example.com/sale',
  'https:go.example.com',
  'https:\\\\go.example.com\\sale',
  'https://bücher.example/',
  'https://BÜCHER.example/',
  'https://bu\u0308cher.example/',
  'https://xn--bcher-kva.example/',
  'https://XN--bcher-KVA.example./',
  'https://198.41.0.4/',
  'https://198.41.4/',
  'https://0xc6290004/',
  'https://3324575748/',
  'https://0306.051.0.4:8443/',
  'https://198.41.0.4./',
  'https://[::ffff:198.41.0.4]/',
  'https://[::ffff:c629:4]/',
  'https://[0:0:0:0:0:ffff:c629:0004]/',
  'https://[::198.41.0.4]/',
  'https://[64:ff9b::198.41.0.4]/',
  'https://[2606:4700::1111]/',
  'https://[2606:4700:0:0:0:0:0:1111]:8443/',
  'https://[2606:4700:0000::0.0.17.17]/',
];

const isPrivate = [
  'http://localhost/',
  'http://LOCALHOST:3000/',
  'http://localhost./',
  'http://app.localhost/',
  'http://app.LocalHost./',
  'http://ⓛocalhost/',
  'http://lo\u00adcalhost/',
  'http://l\u200bocalhost/',
  'http://%6c%6f%63%61lhost/',
  'http://_api.internal:4280/',
  'http://app.internal/',
  'http://top1.nearest.of.app.internal./',
  'http://metadata.google.internal/',
  'http://app.flycast/',
  'http://printer.local/',
  'http://printer.LOCAL:631/',
  'http://router.home.arpa/',
  'http://home.arpa/',
  'http://internal/',
  'http://local/',
  'http://intranet/',
  'http://redis:6379/',
  'http://0/',
  'http://0.0.0.0/',
  'http://0.1.2.3/',
  'http://10.0.0.0/',
  'http://10.255.255.255/',
  'http://100.64.0.0/',
  'http://100.127.255.255/',
  'http://127.0.0.1/',
  'http://127.0.0.1./',
  'http://127.1/',
  'http://127.0.1/',
  'http://127.255.255.255/',
  'http://2130706433/',
  'http://0x.0.0.0x/',
  'http://017700000001/',
  'http://0x7f000001/',
  'http://0x7F.0x0.0x0.0x1/',
  'http://0177.0.0.1/',
  'http://0177.1/',
  'http://0x7f.1/',
  'http://00000000177.0.0.1/',
  'http://１２７.0.0.1/',
  'http://①②⑦.0.0.1/',
  'http://127。0。0。1/',
  'http://%31%32%37.0.0.1/',
  'http://169.254.0.0/',
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9.254.43518/',
  'http://172.16.0.0/',
  'http://172.31.255.255/',
  'http://192.0.0.0/',
  'http://192.0.0.255/',
  'http://192.0.2.1/',
  'http://192.88.99.1/',
  'http://192.168.0.0/',
  'http://192.168.255.255/',
  'http://192.168.257/',
  'http://198.18.0.0/',
  'http://198.19.255.255/',
  'http://198.51.100.1/',
  'http://203.0.113.1/',
  'http://224.0.0.0/',
  'http://239.255.255.255/',
  'http://240.0.0.0/',
  'http://255.255.255.255/',
  'http://4294967295/',
  'http://[::]/',
  'http://[0:0:0:0:0:0:0:0]/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]:8080/',
  'http://[0000:0000:0000:0000:0000:0000:0000:0001]/',
  'http://[::127.0.0.1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::FFFF:10.0.0.1]/',
  'http://[::ffff:8.8.8.8]/',
  'http://[::ffff:0:127.0.0.1]/',
  'http://[64:ff9b::127.0.0.1]/',
  'http://[64:ff9b::808:808]/',
  'http://[64:ff9b:1::1]/',
  'http://[100::1]/',
  'http://[2001::1]/',
  'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/',
  'http://[2001:1ff:ffff::1]/',
  'http://[2001:db8::1]/',
  'http://[2002:7f00:1::]/',
  'http://[2002:808:808::1]/',
  'http://[3fff::1]/',
  'http://[3fff:fff::1]/',
  'http://[4000::1]/',
  'http://[5f00::1]/',
  'http://[fc00::1]/',
  'http://[fdaa::3]/',
  'http://[fdaa:0:18::3]:4280/',
  'http://[fdff:ffff::1]/',
  'http://[fe80::1]/',
  'http://[febf::1]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
  'http://[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]/',
];

const notADomainName = [
  'https://./',
  'https://../',
  'https://example..com/',
  'https://.example.com/',
  'https://example.com../',
  'http://localhost../',
  'http://go.example.com../',
];

describe('the destination policy', () => {
  test.each(accepted)('accepts %j and stores it as %j', (given, stored) => {
    expect(parseDestination(given, policy)).toBe(stored);
    expect(isAllowedDestination(stored, policy)).toBe(true);
  });

  test.each([
    ['Only http and https destinations are allowed.', notHttp],
    ['The destination is not an absolute URL, such as https://example.com/page.', notAbsolute],
    ['A destination has no white space or control characters.', unclean],
    ['A destination has no user name or password, which can disguise its host.', withCredentials],
    ['The destination is a short URL of this service.', own],
    ['The destination is a private address.', isPrivate],
    ['The host of the destination is not a domain name.', notADomainName],
  ])('says %j', (sentence, refused) => {
    const answers = refused.map((text) => [text, judge(text)]);
    expect(answers).toEqual(refused.map((text) => [text, sentence]));
  });

  test('never follows what it would not accept, also when it is stored', () => {
    const refused = [
      ...[...notHttp, ...withCredentials, ...own, ...isPrivate, ...notADomainName],
      ...[...notAbsolute, ...unclean],
    ];
    const followed = refused.filter((text) => {
      const serialised = URL.parse(text)?.href ?? text;
      // What only had white space to drop is a good URL once it is serialised.
      return !unclean.includes(text) && isAllowedDestination(serialised, policy);
    });
    expect(followed).toEqual([]);
  });

  test('follows only what is stored serialised', () => {
    expect(isAllowedDestination('https://example.com', policy)).toBe(false);
    expect(isAllowedDestination('https://Example.com/', policy)).toBe(false);
    expect(isAllowedDestination('https://example.com/a b', policy)).toBe(false);
  });

  test('counts the length serialised', () => {
    const base = 'https://example.com/';
    const longest = base + 'a'.repeat(maxDestinationLength - base.length);
    expect(judge(longest)).toBe('accepted');
    expect(judge(`${longest}a`)).toMatch(/at most 8192 characters/);
    expect(judge(base + '€'.repeat(900))).toBe('accepted');
    expect(judge(base + '€'.repeat(909))).toMatch(/at most 8192 characters/);
  });

  test('takes no longer for text that is all white space inside', () => {
    expect(judge(`https://example.com/${' '.repeat(60_000)}a`)).toMatch(/white space/);
  });

  test('allows private addresses and names where the operator says so', () => {
    const intranet = { ...policy, allowPrivate: true };
    expect(isPrivate.map((text) => judge(text, intranet))).toEqual(isPrivate.map(() => 'accepted'));
  });

  test('allows only that: own hosts, schemes and credentials are judged as before', () => {
    const intranet = { ...policy, allowPrivate: true };
    for (const text of [...notHttp, ...withCredentials, ...own, ...unclean, ...notADomainName]) {
      expect([text, judge(text, intranet)]).not.toEqual([text, 'accepted']);
    }
  });

  test('knows an own host in whatever spelling it is configured', () => {
    const spellings = [
      'GO.Example.com',
      'go.example.com.',
      'go.example.com:8080',
      'ｇｏ.example.com',
    ];
    for (const spelling of spellings) {
      const by = { ownHosts: [spelling], allowPrivate: false };
      expect([spelling, judge('https://go.example.com/', by)]).toEqual([
        spelling,
        'The destination is a short URL of this service.',
      ]);
    }
    const local = { ownHosts: ['::1', '127.0.0.1'], allowPrivate: true };
    expect(judge('http://[0::1]:3000/', local)).toMatch(/short URL/);
    expect(judge('http://[::ffff:127.0.0.1]/', local)).toMatch(/short URL/);
    expect(judge('http://127.0.0.2/', local)).toBe('accepted');
  });
});
