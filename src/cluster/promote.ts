import type { Logger } from 'pino';

/** LiteFS itself waits 5 s for the primary to listen. */
const promoteTimeoutMs = 6_000;

/**
 * Has a candidate's LiteFS ask the primary's for the lease. `asked` means that the primary was asked, not that anything
 * has moved (docs/facts.md, "A handoff leaves replicas without a primary"); `refused`, that it will not; `unknown`, that
 * nobody knows, since there was no answer. Never rejects.
 */
export async function promote(
  litefsUrl: string,
  log: Logger,
): Promise<'asked' | 'refused' | 'unknown'> {
  try {
    const answer = await fetch(`${litefsUrl}/promote`, {
      method: 'POST',
      signal: AbortSignal.timeout(promoteTimeoutMs),
    });
    const text = await answer.text();
    if (answer.ok) return 'asked';
    log.warn({ litefsUrl, status: answer.status, text }, 'candidate does not take the lease');
    return 'refused';
  } catch (err) {
    log.warn({ err, litefsUrl }, 'candidate does not answer');
    return 'unknown';
  }
}
