import { z } from 'zod';

const problem = z.object({
  title: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).default([]),
});

/** Fields of the API whose option or argument has another name. */
const names: Readonly<Record<string, string>> = {
  destination: '<destination>',
  name: '<name>',
};

/**
 * A problem of the API (RFC 9457) for people: its title, its detail and each field, under the name that it has on
 * the command line.
 */
export function describeProblem(body: unknown, status: number): string {
  const parsed = problem.safeParse(body).data;
  if (parsed === undefined) return `the node answered ${status}, and did not say why`;
  const { title, detail, errors } = parsed;
  const [first, ...more] = errors;
  // The detail of a problem is often nothing but what its fields say.
  const isRepeated = detail === errors.map((error) => error.detail).join(' ');
  if (first !== undefined && more.length === 0 && isRepeated) {
    return `${title}: ${detail} (${toArgument(first.pointer)})`;
  }
  const fields = errors.map(({ pointer, detail: rule }) => `\n  ${toArgument(pointer)}: ${rule}`);
  return `${title}:${isRepeated ? '' : ` ${detail}`}${fields.join('')}`;
}

/** `/redirectCode` and `redirectCode` are `--redirect-code`. */
function toArgument(pointer: string): string {
  const name = pointer.replace(/^\//, '');
  return names[name] ?? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
