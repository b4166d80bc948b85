import { randomBytes, randomUUID } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { ClickDetails } from '../../src/domain/click.ts';
import { encodeBatch } from '../../src/domain/click-batch.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { nonceBytes } from '../../src/domain/click-frame.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import { createPick } from './popularity.ts';

/** What happens in a benchmark: clicks on links, Zipf, evenly over the hours. */
export interface ClickLoad {
  readonly clicks: number;
  readonly links: number;
  readonly hours: number;
}

/** When the clicks begin. */
export const beginsAtMs = Date.UTC(2026, 8, 1);

const regions = ['fra', 'iad', 'ams', 'sin', 'syd', 'gru'];
const countries = (
  'US DE GB FR IN BR CA AU NL ES IT JP PL SE MX ID TR CH AT BE DK NO FI IE PT CZ RO HU GR UA ' +
  'ZA NG KE EG SA AE IL TH VN PH MY SG KR TW HK NZ AR CL CO PE VE PK BD LK MA TN DZ SK BG HR'
).split(' ');
const referrers = [
  ...['www.google.com', 't.co', 'l.instagram.com', 'lm.facebook.com', 'www.linkedin.com'],
  ...['news.ycombinator.com', 'out.reddit.com', 'www.youtube.com', 'github.com', 'duckduckgo.com'],
  ...Array.from({ length: 300 }, (_, n) => `blog-${n}.site${n % 7}.example`),
];
const agents = [
  ['Chrome', 'Android', 'mobile'],
  ['Safari', 'iOS', 'mobile'],
  ['Chrome', 'Windows', 'desktop'],
  ['Safari', 'macOS', 'desktop'],
  ['Microsoft Edge', 'Windows', 'desktop'],
  ['Firefox', 'Windows', 'desktop'],
  ['Samsung Internet for Android', 'Android', 'mobile'],
  ['Chrome', 'macOS', 'desktop'],
  ['Instagram App', 'iOS', 'mobile'],
  ['Firefox', 'Linux', 'desktop'],
  ['Opera', 'Windows', 'desktop'],
  ['Safari', 'iOS', 'tablet'],
  ['Chrome', 'Chrome OS', 'desktop'],
] as const;

const clicksPerBatch = 500;
const clicksPerTick = 4;
const shareOfBots = 0.1;
const shareWithReferrer = 0.55;
const shareOfNewVisitors = 0.7;

/** The batches of one producer per region, which take turns, in the order of time. */
export function* sealBatches(
  { clicks, links, hours }: ClickLoad,
  random: () => number,
): Generator<{ readonly bytes: Uint8Array; readonly clicks: number; readonly timeMs: number }> {
  const ids = createLinkIds(links, random);
  const pickLink = createPick('zipf', links, random);
  const draw = createDetails(random);
  const encoder = new ClickFrameEncoder(randomBytes(nonceBytes));
  const producers = regions.map((region) => ({
    region,
    producer: randomUUID().replaceAll('-', '') as ProducerId,
    seq: 1,
    clicksBefore: 0,
  }));
  for (let done = 0, turn = 0; done < clicks; turn += 1) {
    const producer = producers[turn % producers.length] as (typeof producers)[number];
    const count = Math.min(clicksPerBatch, clicks - done);
    const frames: Buffer[] = [];
    let timeMs = beginsAtMs;
    for (let at = 0; at < count; ) {
      timeMs = beginsAtMs + Math.floor(((done + at) / clicks) * hours * 3_600_000);
      const end = Math.min(at + clicksPerTick, count);
      const firstClick = at;
      for (; at < end; at += 1) {
        const link = pickLink();
        const details = draw(link);
        encoder.add(ids[link] as number, details, !details.isBot && random() < shareOfNewVisitors);
      }
      frames.push(Buffer.from(encoder.finish(firstClick, timeMs)));
      encoder.clear();
    }
    const bytes = Buffer.concat(frames);
    const sealed = { ...producer, clicks: count, damaged: 0, isRecovered: false, frames: bytes };
    yield { bytes: encodeBatch(sealed, zstdCompressSync(bytes)), clicks: count, timeMs };
    producer.seq += 1;
    producer.clicksBefore += count;
    done += count;
  }
}

/** As links get them: rising with the time they were made at, which has nothing to do with how popular they are. */
function createLinkIds(count: number, random: () => number): readonly number[] {
  const ids = Array.from({ length: count }, (_, n) => {
    const madeMs = 40_000_000_000 + n * 60_000 + Math.floor(random() * 60_000);
    return madeMs * 4_096 + Math.floor(random() * 4_096);
  });
  for (let n = count - 1; n > 0; n -= 1) {
    const other = Math.floor(random() * (n + 1));
    [ids[n], ids[other]] = [ids[other] as number, ids[n] as number];
  }
  return ids;
}

/** Draws details: a few values are frequent, and each link has countries and referrers that it meets more. */
function createDetails(random: () => number): (link: number) => ClickDetails {
  const pickCountry = createPick('zipf', countries.length, random);
  const pickReferrer = createPick('zipf', referrers.length, random);
  const pickAgent = createPick('zipf', agents.length, random);
  const known = new Map<string, ClickDetails>();
  return (link) => {
    const country = countries[(pickCountry() + link) % countries.length] as string;
    const referrer =
      random() < shareWithReferrer
        ? (referrers[(pickReferrer() + link) % referrers.length] as string)
        : null;
    const isBot = random() < shareOfBots;
    const agent = isBot ? undefined : agents[pickAgent()];
    const key = `${country} ${referrer} ${isBot ? 'bot' : agent}`;
    const same = known.get(key);
    if (same !== undefined) return same;
    const [browser = null, os = null, device = null] = agent ?? [];
    const details = { isBot, country, referrer, browser, os, device };
    if (known.size < maxKnownDetails) known.set(key, details);
    return details;
  };
}

/** Details that are the same object, as a node keeps them. */
const maxKnownDetails = 15_000;
