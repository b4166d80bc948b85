import { mergeClicks } from '../domain/merge-clicks.ts';
import type { ClickCommands } from '../domain/writer.ts';
import { createClickStore } from './click-store.ts';
import type { Connection } from './connection.ts';
import { foldClicks } from './fold-clicks.ts';

/** What changes `clicks.db`, for a connection whose writer opens a transaction around each. */
export function createClickCommands(connection: Connection): ClickCommands {
  return {
    mergeClicks: (input) => mergeClicks(createClickStore(connection), input),
    foldClicks: (input) => foldClicks(connection, input),
  };
}
