/** Where backups lie: under a prefix of a bucket, or in a folder. */
export type BackupPlace =
  | {
      readonly in: 's3';
      readonly bucket: string;
      /** Without slashes around it; may be empty. */
      readonly prefix: string;
    }
  | {
      readonly in: 'folder';
      /** Absolute. */
      readonly folder: string;
    };

/** How an S3 server is reached and asked. */
export interface S3Access {
  /** Without a trailing slash; `undefined`: Amazon's for the region. */
  readonly endpoint: string | undefined;
  /** `auto`: what the server says it is. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

// As Amazon names buckets, which nobody allows less of; case and "_" are for old ones and other servers.
const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;
const prefixPattern = /^(?!\.)[A-Za-z0-9._-]+(?:\/(?!\.)[A-Za-z0-9._-]+)*$/;

/** Reads `s3://bucket/prefix` or `file:///folder`; `undefined` when it is neither. Slashes at the end do not count. */
export function parseBackupPlace(text: string): BackupPlace | undefined {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*?))?\/*$/.exec(text) ?? [];
  if (bucket !== undefined) {
    const isGood = bucketPattern.test(bucket) && (prefix === '' || prefixPattern.test(prefix));
    return isGood ? { in: 's3', bucket, prefix } : undefined;
  }
  const [, path] = /^file:\/\/(\/[^?#]*?)\/*$/.exec(text) ?? [];
  const folder = path === undefined ? undefined : decodePath(path);
  return folder === undefined || folder === '/' || folder.includes('\0')
    ? undefined
    : { in: 'folder', folder };
}

/** The place as its variable says it. */
export function nameBackupPlace(place: BackupPlace): string {
  if (place.in === 'folder')
    return `file://${encodeURI(place.folder).replace(/[?#]/g, encodeURIComponent)}`;
  return `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix}`}`;
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
