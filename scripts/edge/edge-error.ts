/** Fly's codes for what its proxy could not do (Fly docs, "Error codes and troubleshooting"). */
const meanings = {
  PA01: 'Replay/retry buffer exceeded',
  PA02: 'Excess fly-replay headers',
  PA03: 'Invalid fly-replay',
  PA04: 'Replay target app not found',
  PC01: 'Machine refused connection on port',
  PC05: 'Connection timed out',
  PR02: 'Machine not found',
  PR04: 'No candidate machines found after retries',
  PU02: 'Failed to complete HTTP request to instance',
} as const;

/** One of Fly's codes. */
export type EdgeErrorCode = keyof typeof meanings;

/** A request that the edge itself must answer. Fly documents the codes but not the statuses. */
export class EdgeError extends Error {
  override readonly name = 'EdgeError';
  readonly code: EdgeErrorCode;
  readonly status: number;

  constructor(code: EdgeErrorCode, status: number, detail: string) {
    super(`${code}: ${meanings[code]}: ${detail}`);
    this.code = code;
    this.status = status;
  }
}
