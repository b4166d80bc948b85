import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type HistoryRecord, parseRecord } from './history.ts';

/** Reads a history from its file, a JSON object a line. Throws at the first line that is none, with its number. */
export async function readHistory(file: string): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    try {
      records.push(parseRecord(JSON.parse(line)));
    } catch (error) {
      throw new Error(`Line ${records.length + 1} of ${file} is no record of a history.`, {
        cause: error,
      });
    }
  }
  return records;
}
