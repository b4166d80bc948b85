/** A row of a file that is imported. */
export interface SourceRow {
  /** Of its first line in the file, from 1 on. */
  readonly line: number;
  /** As the API takes it: JSON in UTF-8, without a line end; or what keeps it from being so. */
  readonly content: Buffer | string | RowFault;
  /** Whether it is for a slug of its own, where who made the content knows it. */
  readonly hasSlug?: boolean;
}

/** Why a row cannot be sent. */
export interface RowFault {
  /** As the file names it; empty when it is the row as a whole. */
  readonly field: string;
  readonly detail: string;
}

/** The rows of a file. */
export interface RowSource {
  readonly rows: AsyncIterable<SourceRow>;
  /** How the file names a field of the API. */
  readonly nameOf: (field: string) => string;
}

/** Whether there is nothing to send. */
export function isFault(content: SourceRow['content']): content is RowFault {
  return typeof content !== 'string' && !(content instanceof Uint8Array);
}
