import { defineQuery, readBuilder } from './query.ts';

const newestEpochs = (limit: number) =>
  readBuilder
    .selectFrom('epochs')
    .select(['epoch', 'node', 'started_at'])
    .orderBy('epoch', 'desc')
    .limit(limit);

/** The newest row of `epochs`: how many primaries there have been, and which was the last. */
export const findEpoch = defineQuery(() => newestEpochs(1));

/** More than there are failovers while a bookmark lives. */
export const epochsKnown = 32;

/** The newest rows of `epochs`, newest first. */
export const listEpochs = defineQuery(() => newestEpochs(epochsKnown));
