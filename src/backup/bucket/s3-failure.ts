import { explainTls } from '../fetch-error.ts';
import type { BucketFailureKind } from './bucket.ts';
import type { S3Error } from './s3-error.ts';

/** A refusal in our words. */
export interface Refusal {
  readonly kind: BucketFailureKind;
  /** What is wrong and what to mend, to follow a colon. */
  readonly sentence: string;
}

/** What is known of a request that was refused. */
export interface RefusedRequest {
  readonly method: string;
  /** Of the server, for sentences. */
  readonly origin: string;
  readonly bucket: string;
  /** The variable that says where the server is. */
  readonly whereVariable: 'AWS_ENDPOINT_URL_S3' | 'AWS_REGION';
}

type Say = (request: RefusedRequest, error: S3Error) => string;

const unknownUser: Say = ({ origin }) => `AWS_ACCESS_KEY_ID is not known at ${origin}.`;
const wrongToken: Say = () => 'AWS_SESSION_TOKEN is wrong or has expired.';
const wrongRegion: Say = (_, { region }) =>
  `the bucket is in another region: set AWS_REGION${region ? ` to ${region}` : ''}.`;
const noBucket: Say = ({ bucket, origin }) =>
  `there is no bucket ${bucket} at ${origin}: make it, or mend BACKUP_URL.`;
const full: Say = () => 'the bucket or its quota is full: make room there, or raise the quota.';
const forbidden: Say = ({ method, bucket }) =>
  `AWS_ACCESS_KEY_ID may not do this: give it ${rights[method] ?? 'the right'} for the bucket ${bucket}.`;
const damaged: Say = () => 'what arrived there is not what was sent.';

const rights: Readonly<Record<string, string>> = {
  GET: 's3:GetObject and s3:ListBucket',
  PUT: 's3:PutObject',
  DELETE: 's3:DeleteObject',
};

/** By S3's own words; those of Amazon, MinIO, Ceph, Cloudflare, Tigris and Versity. */
const byCode: Readonly<Record<string, readonly [BucketFailureKind, Say]>> = {
  InvalidAccessKeyId: ['denied', unknownUser],
  XAdminUserNotFound: ['denied', unknownUser],
  SignatureDoesNotMatch: [
    'denied',
    () => 'AWS_SECRET_ACCESS_KEY is not the one of AWS_ACCESS_KEY_ID.',
  ],
  InvalidToken: ['denied', wrongToken],
  ExpiredToken: ['denied', wrongToken],
  TokenRefreshRequired: ['denied', wrongToken],
  AccessDenied: ['denied', forbidden],
  AllAccessDisabled: ['denied', forbidden],
  MethodNotAllowed: ['denied', forbidden],
  AuthorizationHeaderMalformed: ['denied', wrongRegion],
  PermanentRedirect: ['denied', wrongRegion],
  NoSuchBucket: ['no_bucket', noBucket],
  InvalidBucketName: ['no_bucket', noBucket],
  QuotaExceeded: ['full', full],
  InsufficientStorage: ['full', full],
  ServiceQuotaExceeded: ['full', full],
  XMinioStorageFull: ['full', full],
  XMinioAdminBucketQuotaExceeded: ['full', full],
  BadDigest: ['answer', damaged],
  IncompleteBody: ['answer', damaged],
  InvalidDigest: ['answer', damaged],
  XAmzContentSHA256Mismatch: ['answer', damaged],
  RequestTimeTooSkewed: ['answer', wrongClock],
  RequestExpired: ['answer', wrongClock],
};

/** What a refusal means. */
export function explainRefusal(status: number, error: S3Error, request: RefusedRequest): Refusal {
  const known = byCode[error.code ?? ''];
  if (known !== undefined) return { kind: known[0], sentence: known[1](request, error) };
  if (status === 507) return { kind: 'full', sentence: full(request, error) };
  if (status >= 500 || status === 429 || status === 408) {
    return { kind: 'unreachable', sentence: `${request.origin} cannot do it now.` };
  }
  if (error.code === undefined) {
    const sentence = `what answers at ${request.origin} is no S3 server: mend ${request.whereVariable}.`;
    return { kind: 'answer', sentence };
  }
  const said = (error.message || error.code).replace(/\.$/, '');
  return { kind: 'answer', sentence: `${request.origin} says: ${said}.` };
}

function wrongClock(): string {
  return "the clocks of this machine and of the bucket differ, and the bucket's answers do not tell its own: set this machine's clock.";
}

const unknownName: readonly string[] = ['ENOTFOUND', 'EAI_AGAIN'];

/** What an error of the network means, by its code such as `ECONNREFUSED`. */
export function explainSilence(code: string | undefined, request: RefusedRequest): Refusal {
  const { origin, whereVariable } = request;
  const kind = 'unreachable';
  if (code !== undefined && unknownName.includes(code)) {
    return { kind, sentence: `the name in ${origin} is not known: mend ${whereVariable}, or DNS.` };
  }
  const ofTls = explainTls(code, { origin, where: whereVariable });
  if (ofTls !== undefined) return { kind, sentence: `${ofTls}.` };
  return {
    kind,
    sentence: `${origin} does not answer, or not to the end: is it up, and does ${whereVariable} lead there?`,
  };
}
