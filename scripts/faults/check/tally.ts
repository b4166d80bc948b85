import type { Evidence } from './evidence.ts';

/** A set of records that cannot all be while the invariant holds, and why, in words. */
export interface Offence {
  readonly why: string;
  readonly records: readonly Evidence[];
}

/** Counts what was looked at, and keeps the smallest offence; of two of a size the first one found. */
export class Tally {
  #checked = 0;
  #offences = 0;
  #smallest: Offence | undefined;

  /** How often the invariant was put to the test. */
  get checked(): number {
    return this.#checked;
  }

  /** How often it was broken. */
  get offences(): number {
    return this.#offences;
  }

  get smallest(): Offence | undefined {
    return this.#smallest;
  }

  /** `times` more cases were looked at. */
  look(times = 1): void {
    this.#checked += times;
  }

  offend(why: string, records: readonly Evidence[]): void {
    this.#offences++;
    const size = this.#smallest?.records.length ?? Number.POSITIVE_INFINITY;
    if (records.length < size) this.#smallest = { why, records };
  }
}
