import { expect, test } from 'vitest';
import { parseS3Error } from '../../src/backup/bucket/s3-error.ts';
import { explainRefusal, explainSilence } from '../../src/backup/bucket/s3-failure.ts';

const request = {
  method: 'PUT',
  origin: 'https://s3.example.com',
  bucket: 'backups',
  whereVariable: 'AWS_ENDPOINT_URL_S3',
} as const;
const body = (code: string, more = '') => `<?xml?><Error><Code>${code}</Code>${more}</Error>`;

test.each([
  [403, body('InvalidAccessKeyId'), 'denied', 'AWS_ACCESS_KEY_ID is not known'],
  [403, body('SignatureDoesNotMatch'), 'denied', 'AWS_SECRET_ACCESS_KEY is not the one'],
  [400, body('ExpiredToken'), 'denied', 'AWS_SESSION_TOKEN is wrong or has expired'],
  [403, body('AccessDenied'), 'denied', 'give it s3:PutObject for the bucket backups'],
  [
    400,
    body('AuthorizationHeaderMalformed', '<Region>eu-2</Region>'),
    'denied',
    'set AWS_REGION to eu-2.',
  ],
  [301, body('PermanentRedirect'), 'denied', 'set AWS_REGION.'],
  [404, body('NoSuchBucket'), 'no_bucket', 'mend BACKUP_URL'],
  [403, body('QuotaExceeded'), 'full', 'raise the quota'],
  [507, body('XMinioStorageFull'), 'full', 'make room'],
  [507, '', 'full', 'make room'],
  [400, body('BadDigest'), 'answer', 'not what was sent'],
  [403, body('RequestTimeTooSkewed'), 'answer', "set this machine's clock"],
  [503, body('SlowDown'), 'unreachable', 'cannot do it now'],
  [500, '', 'unreachable', 'cannot do it now'],
  [429, '', 'unreachable', 'cannot do it now'],
  [
    400,
    body('Odd', '<Message>It is odd.</Message>'),
    'answer',
    'https://s3.example.com says: It is odd.',
  ],
  [403, '<html>', 'answer', 'is no S3 server: mend AWS_ENDPOINT_URL_S3'],
  [
    404,
    '<html><Code>NoSuchKey</Code></html>',
    'answer',
    'is no S3 server: mend AWS_ENDPOINT_URL_S3',
  ],
])('%i %s is %s: %s', (status, text, kind, sentence) => {
  const refusal = explainRefusal(status, parseS3Error(text), request);
  expect(refusal.kind).toBe(kind);
  expect(refusal.sentence).toContain(sentence);
  expect(refusal.sentence).toMatch(/[^.]\.$/);
});

test.each([
  ['ENOTFOUND', 'the name in https://s3.example.com is not known: mend AWS_ENDPOINT_URL_S3'],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'is not trusted: name the file of its authority in NODE_EXTRA_CA',
  ],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'the certificate of https://s3.example.com is not trusted'],
  ['CERT_HAS_EXPIRED', 'the certificate of https://s3.example.com has expired: renew it'],
  ['CERT_NOT_YET_VALID', "is not valid yet: set this machine's clock"],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another host name: mend AWS_ENDPOINT_URL_S3'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'no TLS connection to https://s3.example.com comes about: mend'],
  ['ECONNREFUSED', 'https://s3.example.com does not answer, or not to the end'],
  [undefined, 'https://s3.example.com does not answer, or not to the end'],
])('the error %s of the network: %s', (code, sentence) => {
  expect(explainSilence(code, request)).toMatchObject({
    kind: 'unreachable',
    sentence: expect.stringContaining(sentence),
  });
});
