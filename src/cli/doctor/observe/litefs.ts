import { z } from 'zod';
import { describeSilence, sendRequest } from '../../send-request.ts';

const info = z.object({
  isPrimary: z.boolean(),
  candidate: z.boolean(),
  path: z.string(),
  primary: z.object({ hostname: z.string().optional() }).optional(),
});

/** What this node's LiteFS says of itself on `/info`. */
export type LiteFsFacts =
  | { readonly is: 'silent'; readonly url: string; readonly why: string }
  | {
      readonly is: 'answering';
      readonly url: string;
      readonly isPrimary: boolean;
      /** Whether it may become primary. */
      readonly isCandidate: boolean;
      /** On the primary its own `lease.hostname`, elsewhere that of the primary it knows. */
      readonly hostname: string | undefined;
      /** Where it keeps the databases and their log. */
      readonly dataDir: string;
    };

const timeoutMs = 2000;

/** Asks LiteFS. Source of the answer: LiteFS `http/server.go` (handleGetInfo), `store.go` (NodeInfo). */
export async function observeLiteFs(url: string): Promise<LiteFsFacts> {
  try {
    const answer = await sendRequest({ method: 'GET', origin: url, path: '/info', timeoutMs });
    if (answer.status !== 200) return { is: 'silent', url, why: `it answered ${answer.status}` };
    const { isPrimary, candidate, path, primary } = info.parse(JSON.parse(answer.text));
    const hostname = primary?.hostname === '' ? undefined : primary?.hostname;
    return { is: 'answering', url, isPrimary, isCandidate: candidate, hostname, dataDir: path };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      return { is: 'silent', url, why: 'what answers there is not LiteFS' };
    }
    return { is: 'silent', url, why: describeSilence(error, timeoutMs) };
  }
}
