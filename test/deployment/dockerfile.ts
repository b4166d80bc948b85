/** One instruction of a Dockerfile, with the number of its build stage, counted from 0. */
export interface Instruction {
  readonly stage: number;
  readonly name: string;
  /** What follows the name, continued lines joined. */
  readonly text: string;
}

/** Splits a Dockerfile into its instructions. Knows comments and continued lines, no here-documents. */
export function parseDockerfile(text: string): readonly Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  let stage = -1;
  return lines.map((line) => {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? [];
    if (name === 'FROM') stage += 1;
    return { stage, name, text: rest };
  });
}

/** What one COPY brings: sources and a target, and the stage it comes from (`undefined`: the tree). */
export interface Copy {
  readonly stage: number;
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The COPY instructions of a Dockerfile. */
export function parseCopies(instructions: readonly Instruction[]): readonly Copy[] {
  return instructions
    .filter(({ name }) => name === 'COPY')
    .map(({ stage, text }) => {
      const words = text.split(/\s+/);
      const paths = words.filter((word) => !word.startsWith('--'));
      return {
        stage,
        from: words.find((word) => word.startsWith('--from='))?.slice('--from='.length),
        sources: paths.slice(0, -1),
        target: paths.at(-1) ?? '',
      };
    });
}

/** The commands that the RUN instructions start: the first word of each part. */
export function parseCommands(instructions: readonly Instruction[]): readonly string[] {
  return instructions
    .filter(({ name }) => name === 'RUN')
    .flatMap(({ text }) => text.split(/\s*(?:&&|\|\||;)\s*/))
    .map((command) => command.split(' ')[0] ?? '');
}

/** The variables that the ENV instructions set. */
export function parseEnv(instructions: readonly Instruction[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    instructions
      .filter(({ name }) => name === 'ENV')
      .flatMap(({ text }) => text.split(/\s+/))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
