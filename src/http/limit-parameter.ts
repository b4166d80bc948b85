import { z } from 'zod';

/** A parameter that says how many at most: a number from 1 to `max`, at most three digits long. */
export function limitParameter(options: {
  readonly max: number;
  readonly fallback: number;
  readonly description: string;
}) {
  const { max, fallback, description } = options;
  const rule = `Must be a number from 1 to ${max}.`;
  return z
    .string()
    .regex(/^[1-9]\d{0,2}$/, rule)
    .transform(Number)
    .refine((limit) => limit <= max, rule)
    .default(fallback)
    .meta({
      description,
      // A parameter is text, which the schema says; what the text stands for is a number.
      override: { type: 'integer', minimum: 1, maximum: max, default: fallback },
    });
}
