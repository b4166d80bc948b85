/** The code of the system's or of TLS's error, such as `ECONNREFUSED`: `fetch` hides it in causes. */
export function codeOfFetchError(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** OpenSSL's names for what a certificate fails at, and Node's for one of another host. */
const ofCertificate =
  /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERR_TLS_CERT_)/;

/** Whether that is a certificate which is not accepted: the next attempt meets the same one. */
export function isOfCertificate(code: string | undefined): boolean {
  return code !== undefined && ofCertificate.test(code);
}

/**
 * Why there is no TLS connection, and what to mend, without a full stop; `undefined` when that is not why.
 *
 * @param origin of the server
 * @param where what says where the server is, such as `AWS_ENDPOINT_URL_S3`
 */
export function explainTls(
  code: string | undefined,
  { origin, where }: { readonly origin: string; readonly where: string },
): string | undefined {
  if (code?.startsWith('ERR_SSL_')) {
    return `no TLS connection to ${origin} comes about: mend ${where}, which begins with http:// where a server has no TLS`;
  }
  if (!isOfCertificate(code)) return undefined;
  const certificate = `the certificate of ${origin}`;
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `${certificate} has expired: renew it there, or set this machine's clock`;
    case 'CERT_NOT_YET_VALID':
      return `${certificate} is not valid yet: set this machine's clock, or the one that it was made by`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${certificate} is for another host name: mend ${where}, or have one made for this name`;
    default:
      return `${certificate} is not trusted: name the file of its authority in NODE_EXTRA_CA_CERTS, or trust those of the system (--use-system-ca in NODE_OPTIONS)`;
  }
}
