import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const src = join(import.meta.dirname, '../../src');

/** What a file imports at run time: not its types, which are stripped. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const statement =
    /^(?:import\s+(?!type\b)(?:[^;'"]*?from\s+)?|export\s+[{*][^;'"]*?from\s+)['"]([^'"]+)['"];/gm;
  return [...text.matchAll(statement)].map(([, specifier]) => specifier as string);
}

/** All files that the program loads, and all that it loads besides. */
function load(main: string): { files: Set<string>; others: Set<string> } {
  const files = new Set<string>();
  const others = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.')) visit(resolve(file, '..', specifier));
      else others.add(specifier);
    }
  };
  visit(main);
  return { files, others };
}

test('the guard loads no package, and no part of Node by "import", which would cost memory', () => {
  const { files, others } = load(join(src, 'guard/main.ts'));
  expect([...others]).toEqual([]);
  const outside = [...files]
    .map((file) => relative(src, file))
    .filter((file) => !file.startsWith('guard/'));
  expect(outside.sort()).toEqual([
    'cluster/node-name.ts',
    'cluster/peers.ts',
    'domain/exit-codes.ts',
    'domain/position.ts',
    'domain/starts-empty.ts',
  ]);
});
