import type { Generated } from 'kysely';

/** The tables of `clicks.db` as rows; `migrations/clicks` is their source and says what each column means. */
export interface ClickSchema {
  click_totals: ClickTotalsTable;
  click_values: ClickValuesTable;
  click_hours: ClickHoursTable;
  click_days: ClickDaysTable;
  click_value_hours: ClickValueHoursTable;
  click_value_days: ClickValueDaysTable;
  click_folds: ClickFoldsTable;
  producers: ProducersTable;
  producer_batches: ProducerBatchesTable;
  orphan_hours: OrphanHoursTable;
  orphan_slugs: OrphanSlugsTable;
}

/** The columns of everything that is counted. */
export interface CountColumns {
  clicks: number;
  bots: number;
  visitors: number;
}

/** One row for each link that was ever clicked. */
export interface ClickTotalsTable extends CountColumns {
  id: Generated<number>;
  link_id: number;
  undated: number;
}

/** Every value that clicks were counted by. */
export interface ClickValuesTable {
  id: Generated<number>;
  value: string;
}

/** A link in an hour. */
export interface ClickHoursTable extends CountColumns {
  hour: number;
  total_id: number;
}

/** A link in a day. */
export interface ClickDaysTable extends CountColumns {
  day: number;
  total_id: number;
}

/** A link in an hour by a value. */
export interface ClickValueHoursTable extends ClickHoursTable {
  dimension: number;
  value_id: number;
}

/** A link in a day by a value. */
export interface ClickValueDaysTable extends ClickDaysTable {
  dimension: number;
  value_id: number;
}

/** How far hours are folded into days. */
export interface ClickFoldsTable {
  id: number;
  kept_from: number;
}

/** The cursor of each producer. */
export interface ProducersTable {
  producer: string;
  seq: number;
  merged: number;
  hash: string;
  is_complete: number;
  clicks: number;
  lost: number;
}

/** The last batches of each producer. */
export interface ProducerBatchesTable {
  producer: string;
  seq: number;
  hash: string;
}

/** Hits on slugs that no link has. */
export interface OrphanHoursTable {
  domain_id: number;
  hour: number;
  hits: number;
}

/** Some of those slugs. */
export interface OrphanSlugsTable {
  domain_id: number;
  slug: string;
  hits: number;
  last_hour: number;
}
