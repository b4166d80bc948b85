/** The names of the fields that a problem blames, in its order. */
export function pointersOf(problem: unknown): string[] {
  const { errors = [] } = problem as { readonly errors?: readonly { readonly pointer: string }[] };
  return errors.map(({ pointer }) => pointer);
}
