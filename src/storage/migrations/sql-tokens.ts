/** A piece of SQL text. `word` is a keyword or bare name, `name` a quoted one. */
export interface SqlToken {
  readonly kind: 'space' | 'comment' | 'string' | 'name' | 'word' | 'sign';
  readonly text: string;
  /** Offset of its first character. */
  readonly at: number;
}

/** SQLite's token grammar (sqlite.org/lang_expr.html, tokenize.c) as far as splitting and comparing need it. */
const grammar =
  /(?<space>\s+)|(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<word>[\w$\u0080-\uffff]+)|(?<sign>[\s\S])/gy;

/** Cuts SQL into tokens that together are the whole text. Never throws: SQLite judges what is wrong. */
export function* toTokens(sql: string): Generator<SqlToken> {
  for (const match of sql.matchAll(grammar)) {
    const groups = match.groups as Record<SqlToken['kind'], string | undefined>;
    for (const [kind, text] of Object.entries(groups)) {
      if (text !== undefined) yield { kind: kind as SqlToken['kind'], text, at: match.index };
    }
  }
}

/** Whether a token means something to SQLite. */
export function isMeaningful({ kind }: SqlToken): boolean {
  return kind !== 'space' && kind !== 'comment';
}
