/** What an S3 server says of a request that it refuses. */
export interface S3Error {
  /** Such as `NoSuchKey`; `undefined` when the answer is none of S3's. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** The region that the server is in, where it says so. */
  readonly region: string | undefined;
}

/** Reads the body of a refusal. Source: Amazon S3 API Reference, "Error responses". */
export function parseS3Error(body: string): S3Error {
  const isError = /<Error[\s>]/.test(body);
  const field = (name: string) =>
    isError ? new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] : undefined;
  return { code: field('Code'), message: field('Message'), region: field('Region') };
}
