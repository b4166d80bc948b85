import { NoAnswer, type Operator } from '../operator.ts';
import { describeProblem } from '../problem-text.ts';
import { Refusal } from '../refusal.ts';
import { type OpenAnswer, readText } from '../send-request.ts';
import { isPassing, type Patience } from './patience.ts';

const lineFeed = 0x0a;

/** Which links to read. */
export interface ExportRequest {
  /** Those behind the link with this id; 0 for all. */
  readonly after: number;
  readonly withClicks: boolean;
}

/**
 * Reads an export as whole lines, many at a time, and goes on behind the last one where an answer breaks off. Rejects
 * with a `Refusal`, and with `NoAnswer` once `patience` is over.
 */
export async function* readExport(
  operator: Operator,
  { after, withClicks }: ExportRequest,
  patience: Patience,
): AsyncGenerator<Buffer> {
  let last = after;
  for (;;) {
    try {
      const path = `/api/v1/export?after=${last}${withClicks ? '&clicks=true' : ''}`;
      const answer = await operator.open({ method: 'GET', path });
      await expectLinks(answer);
      for await (const lines of wholeLines(answer, operator)) {
        patience.progress();
        last = idOfLastLine(lines);
        yield lines;
      }
      return;
    } catch (error) {
      await patience.wait(error);
    }
  }
}

async function expectLinks({ status, body }: OpenAnswer): Promise<void> {
  if (status === 200) return;
  const problem = describeProblem(parseProblem(await readText(body)), status);
  throw isPassing(status) ? new NoAnswer(problem) : new Refusal(problem);
}

function parseProblem(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Cut behind their last line feed. An answer that is whole ends with one. */
async function* wholeLines({ body }: OpenAnswer, operator: Operator): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(lineFeed) + 1;
      if (end > 0) yield bytes.subarray(0, end);
      rest = bytes.subarray(end);
    }
  } catch (error) {
    throw operator.toNoAnswer(error);
  }
}

function idOfLastLine(lines: Buffer): number {
  const from = lines.lastIndexOf(lineFeed, lines.length - 2) + 1;
  return Number(JSON.parse(lines.subarray(from).toString()).id);
}
