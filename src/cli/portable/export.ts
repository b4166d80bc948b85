import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { createOperator } from '../operator.ts';
import { Refusal } from '../refusal.ts';
import { openExportFile } from './export-file.ts';
import { createExportWriting, type ExportForm, exportForms } from './export-form.ts';
import { Patience } from './patience.ts';
import { readExport } from './read-export.ts';

interface ExportOptions {
  readonly format: ExportForm;
  readonly output?: string;
  readonly resume?: true;
  readonly clicks?: true;
}

/** `hoplite export`: all links, as lines of JSON or a table, out of a running node. */
export function addExport(program: Command, context: Context): void {
  program
    .command('export')
    .description('write all links to a file or stdout')
    .addOption(
      new Option('--format <form>', 'JSON Lines, or a table').choices(exportForms).default('jsonl'),
    )
    .option('--output <file>', 'where to; stdout when left out')
    .option('--resume', 'go on with a file that an earlier export began')
    .option('--clicks', 'with the counts of each link')
    .action((options: ExportOptions) => exportLinks(options, context));
}

async function exportLinks(options: ExportOptions, { env, output }: Context): Promise<void> {
  const withClicks = options.clicks === true;
  const writing = createExportWriting(options.format, withClicks);
  if (options.resume && options.output === undefined) {
    throw new Refusal('only a file can be gone on with; add --output');
  }
  const operator = await createOperator(env);
  const patience = new Patience(output.note);
  if (options.output === undefined) {
    output.write(writing.head);
    for await (const lines of readExport(operator, { after: 0, withClicks }, patience)) {
      output.write(writing.toRows(lines).toString());
      await output.drained();
      if (output.isClosed) return;
    }
    return;
  }
  await using file = await openExportFile(options.output, writing, options.resume === true);
  let count = 0;
  for await (const lines of readExport(operator, { after: file.after, withClicks }, patience)) {
    await file.write(writing.toRows(lines));
    count += countLines(lines);
  }
  await file.sync();
  output.note(
    `${counted(count, 'link')} ${count === 1 ? 'is' : 'are'} in ${options.output}${file.after > 0 ? ' besides those before' : ''}.`,
  );
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(0x0a); at >= 0; at = lines.indexOf(0x0a, at + 1)) count += 1;
  return count;
}
