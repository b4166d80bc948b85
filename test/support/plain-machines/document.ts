import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../../../scripts/cluster/programs.ts';

/** A block of a page that a test runs: a file to be written, or commands and where they are to be run. */
export interface Block {
  /** The page, and how many of its blocks stand before it. */
  readonly id: string;
  /** The path of a file, or the words behind `# on `. */
  readonly what: string;
  readonly isFile: boolean;
  readonly text: string;
}

/** The blocks of a page below `docs` that begin with a path, or with `# on `, by the section that they stand in. */
export function readBlocks(page: string): readonly (Block & { readonly section: string })[] {
  const text = readFileSync(join(projectDir, 'docs', page), 'utf8');
  let section = '';
  let before = 0;
  return [...text.matchAll(/^#+ (.+)$|^( *)```\w*\n *(# (?:\/|on )[\s\S]*?)^ *```$/gm)].flatMap(
    ([, heading, indent = '', body]) => {
      if (body === undefined) {
        section = heading ?? section;
        return [];
      }
      const lines = body.trimEnd().split('\n');
      const [first = '', ...rest] = lines.map((line) => line.replace(indent, ''));
      const what = first.replace(/^# (?:on )?/, '');
      const isFile = what.startsWith('/');
      return [
        {
          id: `${page}, block ${before++}: ${first}`,
          ...{ section, what, isFile },
          text: `${(isFile ? [first, ...rest] : rest).join('\n')}\n`,
        },
      ];
    },
  );
}
