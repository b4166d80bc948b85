import type { ClickDimension } from '../domain/click.ts';

/** The numbers that stand for dimensions in `clicks.db`. They never change, and none is used for another one. */
export const dimensionCodes: Readonly<Record<ClickDimension, number>> = {
  region: 1,
  country: 2,
  referrer: 3,
  browser: 4,
  os: 5,
  device: 6,
};
