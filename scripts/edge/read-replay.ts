import type { NodeAnswer } from './node-answer.ts';
import { headerValue } from './raw-headers.ts';
import { parseReplayHeader } from './replay-header.ts';
import { invalidReplay, type ReplayInstruction } from './replay-instruction.ts';
import { parseReplayJson, replayJsonMaxBytes, replayJsonType } from './replay-json.ts';

/**
 * What an answer asks the edge to do with the request instead of passing the answer on; `undefined` for an
 * answer that is meant for the client. Its status counts for nothing. Throws PA03.
 */
export async function readReplay(answer: NodeAnswer): Promise<ReplayInstruction | undefined> {
  try {
    const header = headerValue(answer.headers, 'fly-replay');
    if (header !== undefined) return parseReplayHeader(header);
    const [type] = headerValue(answer.headers, 'content-type')?.split(';') ?? [];
    if (answer.is === 'upgraded' || type?.trim().toLowerCase() !== replayJsonType) return undefined;
    return parseReplayJson(await readText(answer.body));
  } catch (error) {
    answer.drop();
    throw error;
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > replayJsonMaxBytes) throw invalidReplay('the JSON is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
