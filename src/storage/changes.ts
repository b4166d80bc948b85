/** How many rows `changes` keeps. A node that is further behind forgets all it remembers of links. */
export const keptChanges = 10_000;
