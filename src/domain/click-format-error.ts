/** Bytes that are not what they should be: damaged, or of a version that this release does not know. */
export class ClickFormatError extends Error {
  override readonly name = 'ClickFormatError';
  /** The version that is not known; `undefined` for damage. */
  readonly unknownVersion: number | undefined;

  constructor(message: string, unknownVersion?: number) {
    super(message);
    this.unknownVersion = unknownVersion;
  }
}
