import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noClicks } from '../../src/domain/click-report.ts';
import type { LinkState } from '../../src/domain/link.ts';
import type { LinkView, Pages } from '../../src/domain/pages.ts';
import { readAssetVersion } from '../../src/web/assets.ts';
import { createPages } from '../../src/web/pages.ts';

const pages = createPages('v1');

function view(text: string, state: LinkState = 'active'): LinkView {
  return {
    slug: text,
    shortUrl: `https://go.example.com/${text}`,
    destination: `https://example.com/${text}`,
    title: text,
    state,
    createdAt: 1_700_000_000_000,
    clicks: { clicks: 1_234, bots: 5, visitors: 1_000, undated: 0 },
  };
}

/** Every page, with `text` in each place that holds text from outside. */
function renderAll(text: string): Readonly<Record<keyof Pages, string>> {
  return {
    home: pages.home({
      baseUrl: 'https://go.example.com',
      links: [view(text)],
      created: view(text),
      failure: { detail: text, destination: text, slug: text },
      signedIn: true,
    }),
    signIn: pages.signIn({ failure: text }),
    preview: pages.preview({ link: view(text) }),
    status: pages.status({
      summary: { isFine: false, sentences: [text, text] },
      nodes: [
        { node: text, report: null },
        {
          node: text,
          report: {
            node: text,
            region: text,
            role: 'replica',
            primary: text,
            position: { txid: text, checksum: text },
            lagMs: 1,
            epoch: 1,
            schema: 1,
            durability: null,
            otherCandidate: text,
            lease: { holder: text, isOurs: false, renewedMsAgo: null },
            guard: { isCandidate: true, candidates: [text], consulAnsweredMsAgo: 1, mark: null },
            clicks: { unconfirmed: 1, oldestMs: 1 },
            servesBackupOf: text,
            backup: {
              isOurTurn: true,
              isFailing: true,
              newestAgeMs: 1,
              clicksAgeMs: 1,
              verifiedAgeMs: 1,
              verifiedClicksAgeMs: 1,
              unsavedMs: 1,
              failure: { kind: text, why: text },
            },
            version: text,
            uptimeS: 1,
          },
        },
      ],
      at: 1_700_000_000_000,
    }),
    problem: pages.problem({ status: 404, title: text, detail: text, instance: text }),
  };
}

/** The tags of a document with their attributes, as a browser would split them. */
function tagsOf(markup: string): string[] {
  return markup.match(/<[a-z!/](?:"[^"]*"|'[^']*'|[^'">])*>/gi) ?? [];
}

describe('pages', () => {
  it('hold the same tags whatever text they show', () => {
    const empty = renderAll('');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '=', '/', 'a', ' ', '`') }),
        ),
        (text) => {
          const rendered = renderAll(text);
          for (const page of Object.keys(rendered) as (keyof Pages)[]) {
            const names = (markup: string) => tagsOf(markup).map((tag) => tag.split(/[\s>]/)[0]);
            expect(names(rendered[page])).toEqual(names(empty[page]));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('hold no inline script, style or handler', () => {
    for (const markup of Object.values(renderAll('text'))) {
      expect(markup).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)/i);
    }
  });

  it('escape text in attributes', () => {
    const markup = pages.home({
      baseUrl: 'https://go.example.com',
      links: [],
      failure: { detail: 'no', destination: '" autofocus onfocus="alert(1)', slug: '' },
      signedIn: false,
    });
    expect(markup).toContain('value="&quot; autofocus onfocus=&quot;alert(1)"');
  });

  it('say that a link has ended and offer no way on', () => {
    for (const state of ['expired', 'disabled', 'pending', 'blocked'] as const) {
      expect(pages.preview({ link: view('a', state) })).not.toContain('Continue to');
    }
    expect(pages.preview({ link: view('a') })).toContain('Continue to example.com');
  });

  it('do not show where a link led that was taken down', () => {
    expect(pages.preview({ link: view('a', 'blocked') })).not.toContain('https://example.com/a');
  });

  it('show a way to sign out only to who is signed in', () => {
    const model = { baseUrl: 'https://go.example.com', links: [] };
    expect(pages.home({ ...model, signedIn: true })).toContain('/session/end');
    expect(pages.home({ ...model, signedIn: false })).not.toContain('/session/end');
  });

  it('call visitors an estimate wherever they are shown', () => {
    const rendered = renderAll('a');
    for (const markup of [rendered.home, rendered.preview]) {
      expect(markup).toContain(
        '<strong>1,234 clicks</strong> by about 1,000 visitors (estimate) · 5 by bots',
      );
    }
    const words = (clicks: object) =>
      /<span class="clicks">(.*?)<\/span>/
        .exec(pages.preview({ link: { ...view('a'), clicks: { ...noClicks, ...clicks } } }))?.[1]
        ?.replaceAll(/<.*?>/g, '');
    expect(words({ clicks: 1, visitors: 1 })).toBe('1 click by about 1 visitor (estimate)');
    expect(words({})).toBe('0 clicks');
    expect(words({ bots: 1 })).toBe('0 clicks · 1 by bots');
  });

  it('are silent about clicks that cannot be told', () => {
    const markup = pages.preview({ link: { ...view('a'), clicks: null } });
    expect(markup).not.toMatch(/clicks|visitors/);
  });

  it('name the version of their assets', () => {
    const marked = createPages(readAssetVersion()).problem({ status: 404, title: '', detail: '' });
    expect(marked).toMatch(/href="\/assets\/page\.css\?v=[0-9a-f]{12}"/);
  });
});
