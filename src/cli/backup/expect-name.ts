import { askLine } from '../confirm.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';

/**
 * Throws a `Refusal` unless a person types the name of what is about to be changed, or gave it with `--yes`: a `y` is typed
 * before one has read of which fleet.
 */
export async function expectName(
  name: string,
  given: string | undefined,
  question: string,
  context: Context,
): Promise<void> {
  const { output } = context;
  if (given !== undefined) {
    if (given === name) return;
    throw new Refusal(`this is ${name}, not ${given}; nothing was changed`);
  }
  const input = context.input();
  if (!input.isTTY) {
    throw new Refusal(`nobody is there to ask; if you mean it, add --yes ${name}. ${question}`);
  }
  const typed = await askLine(`${question}\nType ${name} to go on: `, { input, output });
  if (typed !== name) throw new Refusal('that is not its name; nothing was changed');
}
