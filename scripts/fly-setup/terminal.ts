import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { FlyFailure } from '../fly/fly-failure.ts';

/** Asks yes or no at the terminal; a bare Enter is yes. */
export async function confirm(question: string): Promise<boolean> {
  return /^(y|yes|)$/i.test(await askLine(`${question} [Y/n] `));
}

/** Asks for words at the terminal; a bare Enter takes what is offered. */
export async function askText(question: string, offered: string): Promise<string> {
  const answer = await askLine(`${question}${offered === '' ? '' : ` [${offered}]`}: `);
  return answer === '' ? offered : answer;
}

/**
 * Opened for one answer only: between two, `fly` may ask something itself. Throws a `FlyFailure` on Ctrl-C and Ctrl-D, and
 * when the terminal has gone.
 */
async function askLine(text: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const gone = once(terminal, 'close').then(() => Promise.reject(unanswered()));
  try {
    return (await Promise.race([terminal.question(text), gone])).trim();
  } catch (error) {
    throw error instanceof Error && error.name === 'AbortError' ? unanswered() : error;
  } finally {
    terminal.close();
  }
}

function unanswered(): FlyFailure {
  return new FlyFailure(
    '\nStopped here. Run this again to go on; what is there is not made twice.',
  );
}
