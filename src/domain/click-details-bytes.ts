import type { ClickDetails } from './click.ts';
import { ClickFormatError } from './click-format-error.ts';

/** A text has at most this many bytes in a frame; what is longer is cut at a whole character. */
const maxTextBytes = 255;
/** Most bytes that details can have. */
export const maxDetailsBytes = 1 + 4 * (1 + maxTextBytes);

const devices = [null, 'desktop', 'mobile', 'tablet', 'tv'] as const;
const texts = ['country', 'referrer', 'browser', 'os'] as const;

const encoder = new TextEncoder();

/**
 * The details of a click as bytes: one byte of flags (bit 0 bot, bits 1 to 3 the device, bits 4 to 7 which of
 * country, referrer, browser and system follow), then those texts, each with its length in a byte before it.
 */
export function encodeDetails(details: ClickDetails): Uint8Array {
  const bytes = new Uint8Array(maxDetailsBytes);
  let flags = (details.isBot ? 1 : 0) | (devices.indexOf(details.device) << 1);
  let at = 1;
  texts.forEach((name, index) => {
    const text = details[name];
    if (text === null) return;
    flags |= 1 << (4 + index);
    const { written } = encoder.encodeInto(text, bytes.subarray(at + 1, at + 1 + maxTextBytes));
    bytes[at] = written;
    at += 1 + written;
  });
  bytes[0] = flags;
  return bytes.slice(0, at);
}

/** Where details that begin at `from` end; throws `ClickFormatError` when they do not before `limit`. */
export function findDetailsEnd(bytes: Uint8Array, from: number, limit: number): number {
  const flags = bytes[from] ?? 0;
  let at = from + 1;
  for (let index = 0; index < texts.length; index += 1) {
    if ((flags & (1 << (4 + index))) !== 0) at += 1 + (bytes[at] ?? 0);
  }
  if (at > limit) throw new ClickFormatError('The details of a click are cut off.');
  return at;
}

/** Reads the details at `from`. Throws `ClickFormatError` for a device that is none. */
export function decodeDetails(bytes: Buffer, from: number): ClickDetails {
  const flags = bytes[from] ?? 0;
  const device = devices[(flags >> 1) & 7];
  if (device === undefined) throw new ClickFormatError('A click has an unknown device.');
  let at = from + 1;
  const [country, referrer, browser, os] = texts.map((_, index) => {
    if ((flags & (1 << (4 + index))) === 0) return null;
    const end = at + 1 + (bytes[at] ?? 0);
    const text = bytes.toString('utf8', at + 1, end);
    at = end;
    return text;
  }) as [string | null, string | null, string | null, string | null];
  return { isBot: (flags & 1) === 1, country, referrer, browser, os, device };
}
