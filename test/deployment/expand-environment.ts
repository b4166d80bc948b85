/**
 * Expands variables in the text of a litefs.yml as LiteFS does: `$X`, `${X}`, and in braces a
 * comparison with a quoted text or another variable, which gives `true` or `false`. An unset variable
 * is empty. Source: LiteFS v0.5.14, cmd/litefs/config.go, `ExpandEnv`.
 */
export function expandEnvironment(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const value = (name: string) => env[name] ?? '';
  return text.replaceAll(/\$(?:\{([^}]*)\}|(\w+))/g, (_, braced?: string, plain?: string) => {
    if (braced === undefined) return value(plain ?? '');
    const comparison = /^(\w+)\s*(==|!=)\s*(?:'(.*)'|"(.*)"|(\w+))$/.exec(braced.trim());
    if (comparison === null) return value(braced.trim());
    const [, left = '', operator, single, double, variable] = comparison;
    const right = variable === undefined ? (single ?? double ?? '') : value(variable);
    return String((value(left) === right) === (operator === '=='));
  });
}
