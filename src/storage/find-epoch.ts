import { defineQuery, readBuilder } from './query.ts';

const newestEpochs = (limit: number) =>
  readBuilder
    .selectFrom('epochs')
    .select(['epoch', 'node', 'started_at'])
    .orderBy('epoch', 'desc')
    .limit(limit);

/** The newest row of `epochs`: how many primaries there have been, and which was the last. */
export const findEpoch = defineQuery(() => newestEpochs(1));

/** The newest rows of `epochs`, newest first: more than there are failovers while a bookmark lives. */
export const listEpochs = defineQuery(() => newestEpochs(32));
