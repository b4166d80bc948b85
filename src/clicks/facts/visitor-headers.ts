import { isPrefetch } from './prefetch.ts';

/** What the headers of a request say about the visitor. */
export interface VisitorHeaders {
  /** Empty when there is none. */
  userAgent: string;
  /** The `Referer`; empty when there is none. */
  referrer: string;
  /** The value of the one header that is trusted with the client's address, its lines joined as Node does. */
  trusted: string | undefined;
  /** The request comes before anybody clicks. */
  isPrefetch: boolean;
  /** `DNT: 1` or `Sec-GPC: 1`: the visitor asks not to be looked at (W3C Tracking Preference, Global Privacy Control). */
  wantsPrivacy: boolean;
}

/**
 * Picks headers in one walk over `rawHeaders`, in any spelling: by length and first letter, so that most names are
 * never compared, and in the spelling of browsers or in lower case before any other. Of `User-Agent` and `Referer`
 * the first line counts, as in Node's `headers`; a wish counts in any line.
 *
 * The headers picked are one object that the next call changes.
 */
export function createHeaderPicker(
  trustedHeader: string | undefined,
): (rawHeaders: readonly string[]) => Readonly<VisitorHeaders> {
  const trustedLength = trustedHeader?.length ?? 0;
  const picked: VisitorHeaders = {
    userAgent: '',
    referrer: '',
    trusted: undefined,
    isPrefetch: false,
    wantsPrivacy: false,
  };

  return (rawHeaders) => {
    picked.userAgent = '';
    picked.referrer = '';
    picked.trusted = undefined;
    picked.isPrefetch = false;
    picked.wantsPrivacy = false;
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] as string;
      if (name.length === trustedLength) pickTrusted(name, rawHeaders[at + 1] as string);
      else pick(name, rawHeaders[at + 1] as string);
    }
    return picked;
  };

  function pick(name: string, value: string): void {
    switch (name.length) {
      case 3:
        if (firstLetter(name) === letterD && is(name, 'DNT', 'dnt')) pickWish(value);
        break;
      case 5:
        if (firstLetter(name) === letterX && is(name, 'X-Moz', 'x-moz')) pickPurpose(value);
        break;
      case 7:
        pickOfSeven(name, value);
        break;
      case 9:
        if (firstLetter(name) === letterX && is(name, 'X-Purpose', 'x-purpose')) pickPurpose(value);
        break;
      case 10:
        if (firstLetter(name) === letterU && is(name, 'User-Agent', 'user-agent')) {
          if (picked.userAgent === '') picked.userAgent = value;
        }
        break;
      case 11:
        if (firstLetter(name) === letterS && is(name, 'Sec-Purpose', 'sec-purpose')) {
          pickPurpose(value);
        }
        break;
    }
  }

  function pickOfSeven(name: string, value: string): void {
    switch (firstLetter(name)) {
      case letterR:
        if (is(name, 'Referer', 'referer') && picked.referrer === '') picked.referrer = value;
        break;
      case letterS:
        if (is(name, 'Sec-GPC', 'sec-gpc')) pickWish(value);
        break;
      case letterP:
        if (is(name, 'Purpose', 'purpose')) pickPurpose(value);
        break;
    }
  }

  function pickTrusted(name: string, value: string): void {
    if (name.toLowerCase() !== trustedHeader) return;
    picked.trusted = picked.trusted === undefined ? value : `${picked.trusted}, ${value}`;
  }

  function pickPurpose(value: string): void {
    if (isPrefetch(value)) picked.isPrefetch = true;
  }

  function pickWish(value: string): void {
    if (value === '1') picked.wantsPrivacy = true;
  }
}

const letterD = 'd'.charCodeAt(0);
const letterP = 'p'.charCodeAt(0);
const letterR = 'r'.charCodeAt(0);
const letterS = 's'.charCodeAt(0);
const letterU = 'u'.charCodeAt(0);
const letterX = 'x'.charCodeAt(0);

/** In lower case. */
function firstLetter(name: string): number {
  return name.charCodeAt(0) | 0x20;
}

function is(name: string, usual: string, lower: string): boolean {
  return name === usual || name === lower || name.toLowerCase() === lower;
}
