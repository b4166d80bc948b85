import { defineQuery, readBuilder } from './query.ts';

/** The newest row of `epochs`: how many primaries there have been, and which was the last. */
export const findEpoch = defineQuery(() =>
  readBuilder
    .selectFrom('epochs')
    .select(['epoch', 'node', 'started_at'])
    .orderBy('epoch', 'desc')
    .limit(1),
);
