import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toTokens } from '../../src/storage/migrations/sql-tokens.ts';
import { splitStatements } from '../../src/storage/migrations/statements.ts';

const statements = [
  'SELECT 1;',
  `SELECT ';', 'it''s; ''quoted''';`,
  'SELECT "a;b", `c;d`, [e;f] FROM (SELECT 1 AS "a;b", 2 AS "c;d", 3 AS "e;f");',
  "CREATE TABLE t (a TEXT DEFAULT 'x;y', -- a comment; with one\n b BLOB DEFAULT x'00');",
  '/* ; */ SELECT /* BEGIN; */ 2;',
  'CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM t; END;',
  "CREATE TEMP TRIGGER s AFTER INSERT ON t WHEN new.a = 'END;' BEGIN SELECT 1; END;",
  'create temporary trigger u after delete on t begin select 1; end;',
  'CREATE TABLE trigger_log ("end" TEXT);',
  'SELECT 1 AS größe;',
];

test.each(statements)('one statement stays whole: %s', (sql) => {
  expect(splitStatements(sql, 1)).toHaveLength(1);
});

test('any sequence of statements is split into them, whatever stands between', () => {
  const gap = fc.constantFrom('', ' ', '\n', '-- note; \n', '/* a; */', ';', '\r\n\t');
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...statements), gap)), (parts) => {
      const sql = parts.map(([statement, between]) => statement + between).join('');
      const found = splitStatements(sql, 1).map((each) => each.sql);
      const stripped = parts.map(([statement]) => statement.replace(/^\/\*.*?\*\/ /, ''));
      expect(found).toEqual(stripped);
    }),
  );
});

test('what is split off is one statement for SQLite too', () => {
  const database = new Database(':memory:');
  for (const { sql } of splitStatements(statements.slice(3, 4).join('\n'), 1)) database.exec(sql);
  for (const { sql } of splitStatements(statements.join('\n'), 1)) {
    // Throws a RangeError for none or several.
    if (!sql.startsWith('CREATE TABLE t ')) expect(database.prepare(sql)).toBeDefined();
  }
  database.close();
});

test('tokens are the whole text, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect([...toTokens(text)].map((token) => token.text).join('')).toBe(text);
    }),
  );
  expect([...toTokens(`'open`)].map((token) => token.text).join('')).toBe(`'open`);
});

test('lines are counted from the line the text begins at', () => {
  expect(splitStatements('\n\nSELECT 1;\n-- a\n\nSELECT\n2;', 10).map(({ line }) => line)).toEqual([
    12, 15,
  ]);
});
