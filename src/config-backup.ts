import { z } from 'zod';
import { type ConfigMistake, duration, flag } from './config-values.ts';
import {
  type BackupPlace,
  nameBackupPlace,
  parseBackupPlace,
  type S3Access,
} from './domain/backup-place.ts';

/** Where backups go, how often, and what protects them. */
export interface BackupConfig {
  readonly place: BackupPlace;
  /** The place in one line, for people. */
  readonly url: string;
  /** Secrets; the first signs and encrypts, all verify and decrypt. At least one. */
  readonly keys: readonly string[];
  readonly encrypt: boolean;
  /** How often links.db is looked at, and copied when it changed, milliseconds. */
  readonly intervalMs: number;
  /** How often clicks.db is copied when it changed, milliseconds. */
  readonly clicksIntervalMs: number;
  /** `undefined` for a folder. */
  readonly s3: S3Access | undefined;
}

const minKeyLength = 32;

/**
 * The variables of backups. Those that others use as well (`AWS_*`, `BUCKET_NAME`) are only judged where
 * backups go to a bucket.
 */
export const backupVariables = {
  BACKUP_URL: z.string().optional(),
  BACKUP_KEY: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((keys) => keys.every((key) => key.length >= minKeyLength), {
      error: `must have at least ${minKeyLength} characters, each where several are separated by commas`,
    })
    .refine((keys) => new Set(keys).size === keys.length, { error: 'has the same key twice' })
    .optional(),
  BACKUP_ENCRYPT: flag.default(false),
  BACKUP_INTERVAL: duration('10s').default(60_000),
  BACKUP_CLICKS_INTERVAL: duration('10s').default(3_600_000),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  AWS_REGION: z.string().optional(),
  AWS_ENDPOINT_URL_S3: z.string().optional(),
  AWS_ENDPOINT_URL: z.string().optional(),
  BUCKET_NAME: z.string().optional(),
};

type Given = Readonly<Record<string, string | undefined>>;
type BackupEnv = z.output<z.ZodObject<typeof backupVariables>>;

/** What is wrong between the variables of backups, by the raw ones. */
export function crossCheckBackup(given: Given): ConfigMistake[] {
  const url = backupUrl(given);
  if (url === undefined) return [];
  const place = parseBackupPlace(url);
  const mistakes: ConfigMistake[] = [];
  const mistake = (variable: string, detail: string) => mistakes.push({ variable, detail });
  if (given.BACKUP_KEY === undefined) {
    mistake(
      'BACKUP_KEY',
      'is required with BACKUP_URL: openssl rand -hex 32 makes one. Keep it elsewhere too: without it no backup is ever restored',
    );
  }
  if (place === undefined) {
    mistake(
      given.BACKUP_URL === undefined ? 'BUCKET_NAME' : 'BACKUP_URL',
      'must be s3://bucket/prefix or file:///folder',
    );
  }
  if (place?.in === 's3') mistakes.push(...crossCheckS3(given));
  return mistakes;
}

function crossCheckS3(given: Given): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  for (const variable of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    if (given[variable] === undefined) {
      mistakes.push({ variable, detail: 'is required where backups go to a bucket' });
    }
  }
  const endpoint = endpointOf(given);
  if (endpoint === undefined) {
    if (given.AWS_REGION === undefined || given.AWS_REGION === 'auto') {
      const detail =
        "is required with Amazon's S3, such as eu-central-1; for another S3 set AWS_ENDPOINT_URL_S3";
      mistakes.push({ variable: 'AWS_REGION', detail });
    }
  } else if (!isEndpoint(endpoint)) {
    mistakes.push({
      variable:
        given.AWS_ENDPOINT_URL_S3 === undefined ? 'AWS_ENDPOINT_URL' : 'AWS_ENDPOINT_URL_S3',
      detail: 'must be an http or https URL without a user, such as https://fly.storage.tigris.dev',
    });
  }
  return mistakes;
}

/** The backups of an environment that was judged; `undefined` where there are none. */
export function deriveBackup(env: BackupEnv): BackupConfig | undefined {
  const url = backupUrl({ ...env, BACKUP_KEY: env.BACKUP_KEY?.join() });
  const place = url === undefined ? undefined : parseBackupPlace(url);
  if (place === undefined || env.BACKUP_KEY === undefined) return undefined;
  return {
    place,
    url: nameBackupPlace(place),
    keys: env.BACKUP_KEY,
    encrypt: env.BACKUP_ENCRYPT,
    intervalMs: env.BACKUP_INTERVAL,
    clicksIntervalMs: env.BACKUP_CLICKS_INTERVAL,
    s3:
      place.in === 'folder'
        ? undefined
        : {
            endpoint: endpointOf(env)?.replace(/\/+$/, ''),
            region: env.AWS_REGION ?? 'auto',
            accessKeyId: env.AWS_ACCESS_KEY_ID as string,
            secretAccessKey: env.AWS_SECRET_ACCESS_KEY as string,
            sessionToken: env.AWS_SESSION_TOKEN,
          },
  };
}

/** `fly storage create` names the bucket in `BUCKET_NAME`: the key alone then turns backups on. */
function backupUrl(given: {
  readonly BACKUP_URL?: string | undefined;
  readonly BACKUP_KEY?: string | undefined;
  readonly BUCKET_NAME?: string | undefined;
}): string | undefined {
  if (given.BACKUP_URL !== undefined) return given.BACKUP_URL;
  if (given.BUCKET_NAME === undefined || given.BACKUP_KEY === undefined) return undefined;
  return `s3://${given.BUCKET_NAME}/hoplite`;
}

function endpointOf(given: {
  readonly AWS_ENDPOINT_URL_S3?: string | undefined;
  readonly AWS_ENDPOINT_URL?: string | undefined;
}): string | undefined {
  return given.AWS_ENDPOINT_URL_S3 ?? given.AWS_ENDPOINT_URL;
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}
