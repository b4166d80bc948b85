import Bowser from 'bowser';
import { isbot } from 'isbot';
import type { ClickDetails } from '../../domain/click.ts';

/** What a user agent says about the program that sent it. */
export type AgentFacts = Pick<ClickDetails, 'isBot' | 'browser' | 'os' | 'device'>;

/** Names that are shorter in use than in Bowser. */
const shortNames: Readonly<Record<string, string>> = {
  'Microsoft Edge': 'Edge',
  'NAVER Whale Browser': 'Whale',
  'Samsung Internet for Android': 'Samsung Internet',
};

/** Bowser makes up a name for a browser it does not know; such names have no bound, so only these count. */
const browsers = toFamilies(Bowser.BROWSER_MAP);
const systems = toFamilies(Bowser.OS_MAP);

/** Television sets that Bowser takes for the Android or the Linux in them, and what is played on one. */
const onTelevision = /TV\b|\b(?:BRAVIA|CrKey|AFT[A-Z]|PlayStation)/;

/**
 * Reads a user agent: its family of browser and of operating system out of a bounded set, without versions, and the
 * kind of device. What is not known is null. Reads all of `userAgent`, so the caller cuts it.
 *
 * A bot is what npm `isbot` calls one, which an empty user agent is not. Bots keep the name they give themselves, as
 * far as Bowser knows it. An iPad asks for desktop pages under the name of a Mac by default, and counts as one.
 */
export function toAgentFacts(userAgent: string): AgentFacts {
  const isBot = isbot(userAgent);
  if (userAgent === '') return { isBot, browser: null, os: null, device: null };
  const parser = Bowser.getParser(userAgent, true);
  const os = systems.get(parser.getOSName()) ?? null;
  return {
    isBot,
    browser: browsers.get(parser.getBrowserName()) ?? null,
    os,
    device: toDevice(userAgent, parser.getPlatformType(), os),
  };
}

function toDevice(
  userAgent: string,
  platform: string | undefined,
  os: string | null,
): ClickDetails['device'] {
  if (onTelevision.test(userAgent)) return 'tv';
  switch (platform) {
    case 'desktop':
    case 'mobile':
    case 'tablet':
    case 'tv':
      return platform;
    default:
      return os === 'Chrome OS' ? 'desktop' : null;
  }
}

function toFamilies(names: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.values(names).map((name) => [name, shortNames[name] ?? name]));
}
