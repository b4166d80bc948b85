import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate of a server that is its own authority, and its key. */
export interface Certificate {
  /** What `NODE_EXTRA_CA_CERTS` takes. */
  readonly file: string;
  readonly keyFile: string;
  readonly pem: string;
  readonly key: string;
}

/** Makes one for a day, in a folder of its own inside of `folder`; or one whose day was over before. */
export function makeCertificate(
  folder: string,
  {
    host = 'IP:127.0.0.1',
    expired = false,
  }: { readonly host?: string; readonly expired?: boolean } = {},
): Certificate {
  const dir = mkdtempSync(join(folder, 'tls-'));
  const [file, keyFile] = [join(dir, 'certificate.pem'), join(dir, 'key.pem')];
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '1', '-subj', '/CN=hoplite-tests', '-addext', `subjectAltName=${host}`],
    ...['-keyout', keyFile, '-out', file],
  );
  // Only what signs a certificate again takes a negative number of days.
  if (expired) openssl('x509', '-in', file, '-signkey', keyFile, '-days', '-1', '-out', file);
  return { file, keyFile, pem: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}
