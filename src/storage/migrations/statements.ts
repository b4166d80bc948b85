import { isMeaningful, type SqlToken, toTokens } from './sql-tokens.ts';

/** One statement of a migration. */
export interface Statement {
  /** From its first token to its semicolon. */
  readonly sql: string;
  /** Line of its first token, counted from 1. */
  readonly line: number;
  /** Its words, names and signs, without white space and comments. */
  readonly tokens: readonly SqlToken[];
}

/**
 * Splits SQL at the semicolons that end a statement. `firstLine` is the line the text begins at.
 * Inside CREATE TRIGGER only `; END ;` ends it, the rule of `sqlite3_complete` (SQLite's complete.c).
 */
export function splitStatements(sql: string, firstLine: number): Statement[] {
  const statements: Statement[] = [];
  let tokens: SqlToken[] = [];

  function finish(): void {
    const [first] = tokens;
    const last = tokens.at(-1);
    if (first === undefined || last === undefined) return;
    const line = firstLine + countLines(sql.slice(0, first.at));
    if (first.text !== ';') {
      statements.push({ sql: sql.slice(first.at, last.at + last.text.length), line, tokens });
    }
    tokens = [];
  }

  for (const token of toTokens(sql)) {
    if (!isMeaningful(token)) continue;
    tokens.push(token);
    if (token.text === ';' && (!isTrigger(tokens) || endsTrigger(tokens))) finish();
  }
  finish();
  return statements;
}

function isTrigger(tokens: readonly SqlToken[]): boolean {
  const words = tokens.slice(0, 3).map(({ text }) => text.toUpperCase());
  if (words[0] !== 'CREATE') return false;
  return words[1] === 'TRIGGER' || (/^TEMP/.test(words[1] ?? '') && words[2] === 'TRIGGER');
}

function endsTrigger(tokens: readonly SqlToken[]): boolean {
  return tokens.at(-2)?.text.toUpperCase() === 'END' && tokens.at(-3)?.text === ';';
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
