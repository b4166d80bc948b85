import { hash } from 'node:crypto';
import type { Link } from '../domain/link.ts';
import { linkVersionTag } from '../domain/links.ts';

/**
 * The entity tag, without its quotes, of a link as it is shown. Clicks and the state of a link change without a
 * new version of it, so a digest of what is shown follows the version: a client that asks with `If-None-Match`
 * learns of them.
 */
export function toLinkTag(link: Link, shown: object): string {
  const digest = hash('sha256', JSON.stringify(shown), 'base64url').slice(0, 12);
  return `${linkVersionTag(link)}.${digest}`;
}

/**
 * The version in a tag. That is all that `If-Match` is about: a click is no reason to refuse a change, and nobody
 * can overwrite clicks.
 */
export function toVersionTag(tag: string): string {
  return tag.split('.').slice(0, 3).join('.');
}
