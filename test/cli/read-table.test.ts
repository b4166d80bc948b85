import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTable, type TableRow } from '../../src/cli/portable/read-table.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string | Buffer, size = 7): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for await (const row of readTable(inPieces(Buffer.from(text), size))) rows.push(row);
  return rows;
}

const shown = (rows: readonly TableRow[]) => rows.map(({ line, cells }) => [line, ...cells]);

describe('a table', () => {
  test.each([1, 2, 7, 1_000])(
    'is read in pieces of %d bytes, each row by its first line',
    async (size) => {
      const text = '\uFEFFa,b\r\n1,"x, ""y"""\r\n\r\n2,"two\r\nlines"\r\n3,\n4,ü';
      expect(shown(await read(text, size))).toEqual([
        [1, 'a', 'b'],
        [2, '1', 'x, "y"'],
        [4, '2', 'two\r\nlines'],
        [6, '3', ''],
        [7, '4', 'ü'],
      ]);
    },
  );

  test.each([1, 2, 7, 1_000])(
    'may have lines that end with a carriage return alone, in pieces of %d bytes',
    async (size) => {
      const text = '\uFEFFa;b\r1;"x\n; ""y"""\r\r2;"two\rlines"\r3;';
      expect(shown(await read(text, size))).toEqual([
        [1, 'a', 'b'],
        [2, '1', 'x\n; "y"'],
        [4, '2', 'two\rlines'],
        [6, '3', ''],
      ]);
    },
  );

  test('gives the rows before one that is too long, and names that', async () => {
    const begin = 'a,b\n1,"x"\n';
    for (const [cell, words] of [
      ['x'.repeat(2 ** 21), 'the row that begins in line 3 is longer than any link is'],
      [
        `"${'x'.repeat(2 ** 21)}"`,
        'the row that begins in line 3 is longer than any link is, or a quotation mark is not closed',
      ],
    ] as const) {
      const rows: TableRow[] = [];
      const all = async () => {
        const bytes = Buffer.from(`${begin}2,${cell}\n`);
        for await (const row of readTable(inPieces(bytes, bytes.length - 2))) rows.push(row);
      };
      await expect(all()).rejects.toThrow(new RegExp(`^${words}$`));
      expect(shown(rows)).toEqual([
        [1, 'a', 'b'],
        [2, '1', 'x'],
      ]);
    }
  });

  test('names the row whose quotation mark is not closed', async () => {
    const why = 'the row that begins in line 3 has a quotation mark that is not closed';
    await expect(read('a,b\n1,"x"\n2,"x\n3,x\n4,x\n')).rejects.toThrow(new RegExp(`^${why}$`));
  });

  test.each([',', ';', '\t'])('may have its cells apart by %j', async (sign) => {
    const text = `a${sign}b\n1${sign}2\n`;
    expect(shown(await read(text))).toEqual([
      [1, 'a', 'b'],
      [2, '1', '2'],
    ]);
  });

  test('of any cells comes back as it was written', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', '\n', '\r', ' ', '=') });
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 20 }), async (written, size) => {
        const all = [['first', 'second'], ...written.map(([a, b]) => [`x${a}`, b])];
        const text = stringify(all, { record_delimiter: 'windows', quoted: true });
        expect((await read(text, size)).map(({ cells }) => cells)).toEqual(all);
      }),
      { numRuns: 200 },
    );
  });

  test('names the rows that are not UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a\n1\n'),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('ü\n'),
    ]);
    const rows = await read(bytes, 100);
    expect(rows.map(({ line, isUtf8 }) => [line, isUtf8])).toEqual([
      [1, true],
      [2, true],
      [3, false],
      [4, true],
    ]);
  });

  test.each([
    ['a,b\n1,2\n3,x"y\n', 'line 3'],
    ['a,b\n1,"x"y\n3,4\n', 'line 2'],
    [`a\n1\n"${'x'.repeat(2 ** 20)}`, 'line 3'],
  ])('%.20j ends at the row where it is none', async (text, line) => {
    await expect(read(text, 10_000)).rejects.toThrow(line);
  });
});
