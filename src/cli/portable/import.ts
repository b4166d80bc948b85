import { type Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../../config.ts';
import { type OnConflict, onConflicts } from '../../domain/import-fate.ts';
import { maxImportLinks } from '../../domain/import-links.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { createOperator, NoAnswer, type Operator } from '../operator.ts';
import { Refusal } from '../refusal.ts';
import { parseColumnMap } from './column-map.ts';
import { groupRows, type ImportBatch, rowsPerBatch } from './import-batches.ts';
import type { RowFault, RowSource } from './import-row-source.ts';
import { type ImportFileOptions, openImportFile } from './open-import.ts';
import { Patience } from './patience.ts';
import { openRowFaults, type RowFaults } from './row-faults.ts';
import { SeenInFile } from './seen-in-file.ts';
import { type ImportAnswer, type ImportMode, sendBatch } from './send-batch.ts';
import { shortenerNames } from './shorteners.ts';
import { addFates, countRows, createTally, describeTally, type Tally } from './tally.ts';

interface ImportOptions extends ImportFileOptions {
  readonly onConflict: OnConflict;
  readonly dryRun?: true;
  readonly allOrNothing?: true;
  readonly rowsPerRequest?: number;
  readonly errors?: string;
  readonly json?: true;
}

/** Large batches wait for a fleet that finds its primary. */
const askTimeoutMs = 60_000;
const progressEveryMs = 5_000;

/** `hoplite import`: links out of a file, into a running node or its fleet. Running it again goes on where it ended. */
export function addImport(program: Command, context: Context): void {
  program
    .command('import')
    .description('make links out of a file; running it again goes on where it ended')
    .argument('<file>', 'an export; "-" is stdin')
    .addOption(
      new Option('--format <form>', 'else by the name of the file').choices(['jsonl', 'csv']),
    )
    .addOption(
      new Option('--on-conflict <what>', 'what becomes of a row whose slug leads elsewhere')
        .choices(onConflicts)
        .default('fail'),
    )
    .addOption(new Option('--from <shortener>', 'whose export it is').choices(shortenerNames))
    .addOption(
      new Option(
        '--columns <pairs>',
        'which column is what, such as "destination=Long URL,slug=Code"',
      )
        .argParser(parseColumnMap)
        .conflicts('from'),
    )
    .option('--dry-run', 'say what would happen, and change nothing')
    .option('--all-or-nothing', 'look at all rows first, and import none when one would fail')
    .addOption(
      new Option(
        '--rows-per-request <number>',
        `else ${rowsPerBatch.alone}, in a fleet ${rowsPerBatch.fleet}`,
      ).argParser(parseRowsPerRequest),
    )
    .option('--errors <file>', 'where rows that fail are told, one JSON object a line')
    .option('--json', 'print the counts as JSON')
    .action((file: string, options: ImportOptions) => importLinks(file, options, context));
}

async function importLinks(file: string, options: ImportOptions, context: Context): Promise<void> {
  // The node's writer is what an import waits for, and behind it are visitors.
  context.giveWay();
  const { output, fail } = context;
  const { onConflict, allOrNothing = false, dryRun = false } = options;
  if (allOrNothing && file === '-') {
    throw new Refusal('stdin cannot be read twice; --all-or-nothing needs a file');
  }
  const isFleet = readConfig(context.env).fleet !== undefined;
  const usualRows = rowsPerBatch[isFleet ? 'fleet' : 'alone'];
  let localRows = 0;
  const mostRows = options.rowsPerRequest ?? usualRows;
  const operator = await createOperator(context.env, askTimeoutMs);
  await using faults = await openRowFaults(options.errors, { imported: file, output });
  const isTwice = allOrNothing && !dryRun;
  const run = (isDryRun: boolean): Promise<Tally> =>
    runImport(
      openImportFile(file, options, context, isTwice && isDryRun ? () => {} : output.note),
      {
        operator,
        mode: { onConflict, isDryRun },
        faults,
        mostRows,
        onLocal(rows) {
          localRows += rows;
        },
        say: output.note,
      },
    );
  let tally = allOrNothing || dryRun ? await run(true) : createTally();
  const isDone = dryRun || tally.failed > 0;
  if (!isDone) tally = await run(false);
  if (options.json) output.json(tally);
  const isNothing = isDone && !dryRun;
  output.note(describeTally(tally, isDone) + (isNothing ? ' So nothing was imported.' : ''));
  if (isFleet && localRows > 0) {
    const are = localRows === 1 ? 'is' : 'are';
    output.note(
      `${counted(localRows, 'row')} ${are} so far known to be on one machine alone (local).`,
    );
  }
  if (tally.failed > 0) fail();
}

function parseRowsPerRequest(text: string): number {
  const number = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > maxImportLinks) {
    throw new InvalidArgumentError(`It is a number from 1 to ${maxImportLinks}.`);
  }
  return number;
}

interface ImportRun {
  readonly operator: Operator;
  readonly mode: ImportMode;
  readonly faults: RowFaults;
  /** In one request. */
  readonly mostRows: number;
  /** Hears how many rows were answered before another machine was known to have them. */
  readonly onLocal: (rows: number) => void;
  readonly say: (line: string) => void;
}

/** Reads the next batch while one is on its way, which come one after the other: of two rows with a slug the first is first. */
async function runImport(source: RowSource, run: ImportRun): Promise<Tally> {
  const { operator, mode, say } = run;
  const patience = new Patience(say);
  using seen = mode.isDryRun ? new SeenInFile() : undefined;
  const tally = createTally();
  const batches = groupRows(source.rows, run.mostRows);
  let saidMs = performance.now();
  try {
    for (let next = await batches.next(); !next.done; ) {
      const batch = next.value;
      const [sent, following] = await Promise.allSettled([
        batch.lines.length === 0 ? undefined : sendBatch(operator, batch, mode, patience),
        batches.next(),
      ]);
      if (sent.status === 'rejected') throw sent.reason;
      // What was sent is told, also when the file cannot be read on.
      await settle(batch, sent.value, { source, run, tally, seen });
      if (following.status === 'rejected') throw following.reason;
      next = following.value;
      if (performance.now() - saidMs > progressEveryMs) {
        say(`${counted(countRows(tally), 'row')} so far`);
        saidMs = performance.now();
      }
    }
  } catch (error) {
    if (!(error instanceof Refusal) || countRows(tally) === 0) throw error;
    const goesOn = error instanceof NoAnswer && !mode.isDryRun;
    const advice = goesOn ? '; run the same command again, and it goes on' : '';
    throw new Refusal(`${error.message} (after ${counted(countRows(tally), 'row')}${advice})`, {
      cause: error,
    });
  }
  return tally;
}

/** Counts what became of a batch, and tells of the rows that failed in the order of the file. */
async function settle(
  batch: ImportBatch,
  answer: ImportAnswer | undefined,
  parts: {
    readonly source: RowSource;
    readonly run: ImportRun;
    readonly tally: Tally;
    readonly seen: SeenInFile | undefined;
  },
): Promise<void> {
  const { source, run, tally, seen } = parts;
  const byLine = new Map<number, RowFault[]>();
  for (const { line, ...fault } of batch.faults) byLine.set(line, [fault]);
  if (answer !== undefined) {
    if (!answer.replicated && !run.mode.isDryRun) run.onLocal(batch.lines.length);
    const judged = seen?.judge(batch, answer, run.mode.onConflict);
    const fates = judged?.fates ?? answer.fates;
    for (const { index, problem } of answer.failures) {
      if (fates[index] !== 'f') continue;
      const { errors, detail } = problem;
      const line = batch.lines[index] ?? 0;
      const told = errors.map(({ pointer, detail: rule }) => ({
        field: source.nameOf(pointer.replace(/^\//, '')),
        detail: rule,
      }));
      byLine.set(line, told.length === 0 ? [{ field: '', detail }] : told);
    }
    for (const { line, ...fault } of judged?.faults ?? []) byLine.set(line, [fault]);
    addFates(tally, answer.repeated ? toRepeatedFates(fates, answer.retried) : fates);
  }
  tally.failed += batch.faults.length;
  for (const line of [...byLine.keys()].sort((a, b) => a - b)) {
    await run.faults.tell(line, byLine.get(line) ?? []);
  }
}

/** What an earlier request has made is there already; what it could not make may be made now. */
function toRepeatedFates(fates: string, retried: readonly number[]): string {
  const isNew = new Set(retried);
  return fates.replace(/c/g, (letter, index) => (isNew.has(index) ? letter : 'u'));
}
