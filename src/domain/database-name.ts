/** The two databases of a node, in the order in which they are migrated and restored. */
export const databaseNames = ['links', 'clicks'] as const;
export type DatabaseName = (typeof databaseNames)[number];
