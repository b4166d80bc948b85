import type { BucketFault, FaultChoice } from './bucket-proxy.ts';
import { seededRandom } from './seeded-random.ts';

/** One request in so many goes wrong. */
const oneIn = 3;

/** The same request goes wrong at most so often in a row: the client is more patient than that. */
const inARow = 4;
/** And with the same changed bytes at most so often: what always comes so is taken for what is stored. */
const changedInARow = 2;

const faults: readonly BucketFault[] = [
  { is: 'refused', status: 503, code: 'SlowDown' },
  { is: 'refused', status: 500, code: 'InternalError' },
  { is: 'late', ms: 20 },
  { is: 'unanswered' },
  { is: 'torn upload' },
  { is: 'torn answer' },
  { is: 'short answer' },
  { is: 'changed answer' },
  { is: 'changed upload' },
  { is: 'page', status: 200 },
  { is: 'page', status: 404 },
  { is: 'page', status: 502 },
  { is: 'other clock', hours: 7 },
];

/** Lets requests go wrong in all ways by chance, in an order that the seed decides. */
export function randomBucketFaults(seed: string): {
  readonly choose: FaultChoice;
  /** What has gone wrong so far. */
  kinds(): ReadonlySet<string>;
} {
  const random = seededRandom(seed);
  const draw = (count: number) => Buffer.from(random.bytes(4)).readUInt32LE() % count;
  const seen = new Set<string>();
  const rows = new Map<string, { failed: number; changed: number }>();

  return {
    kinds: () => seen,
    choose({ method, key, query }) {
      const request = `${method} ${key} ${query}`;
      const row = rows.get(request) ?? { failed: 0, changed: 0 };
      rows.set(request, row);
      const fault = draw(oneIn) === 0 ? faults[draw(faults.length)] : undefined;
      const changes = fault?.is === 'changed answer' || fault?.is === 'short answer';
      if (
        fault === undefined ||
        row.failed === inARow ||
        (changes && row.changed === changedInARow)
      ) {
        rows.delete(request);
        return undefined;
      }
      row.failed += 1;
      if (changes) row.changed += 1;
      seen.add(`${fault.is} ${'status' in fault ? fault.status : ''}`);
      return fault;
    },
  };
}
