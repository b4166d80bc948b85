import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseBackupPlace } from '../../domain/backup-place.ts';
import { Refusal } from '../refusal.ts';

/** Where a backup is, that a command names. */
export type NamedPlace =
  /** A folder or bucket of backups, as `BACKUP_URL` names it. */
  | { readonly is: 'backups'; readonly url: string }
  /** A backup in one file. */
  | { readonly is: 'file'; readonly path: string }
  /** The same, at a web server. */
  | { readonly is: 'web'; readonly url: URL }
  /** The same, in a bucket. */
  | { readonly is: 'object'; readonly bucketUrl: string; readonly key: string };

/**
 * Finds out what a path or URL names: in a bucket a name that ends in `.db` is one file. Throws a `Refusal` when there is
 * nothing, or it is none of these.
 */
export function findPlace(from: string): NamedPlace {
  const [, scheme] = /^([a-z0-9+.-]+):\/\//i.exec(from) ?? [];
  switch (scheme?.toLowerCase()) {
    case 's3': {
      const [, bucketUrl = '', key = ''] = /^(.*)\/([^/]+\.db)$/.exec(from) ?? [];
      return key === '' ? { is: 'backups', url: from } : { is: 'object', bucketUrl, key };
    }
    case 'http':
    case 'https':
      if (URL.canParse(from)) return { is: 'web', url: new URL(from) };
      throw new Refusal(`${from} is no URL`);
    case 'file':
      return findOnDisk(pathOfFileUrl(from));
    case undefined:
      return findOnDisk(resolve(from));
    default:
      throw new Refusal(`${from} is no place that is known: a path, or file://, s3:// or https://`);
  }
}

/** The path of `file:///…`, as `BACKUP_URL` is read. */
function pathOfFileUrl(url: string): string {
  const place = parseBackupPlace(url);
  if (place?.in === 'folder') return place.folder;
  throw new Refusal(
    `${url} is no place that is known: a path in full has three slashes, file:///path`,
  );
}

function findOnDisk(path: string): NamedPlace {
  if (!existsSync(path)) throw new Refusal(`there is no ${path}`);
  return statSync(path).isDirectory()
    ? { is: 'backups', url: pathToFileURL(path).href }
    : { is: 'file', path };
}
