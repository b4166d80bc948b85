import { expect, test } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import { fromCarried, toCarried } from '../../src/storage/carried-error.ts';
import { MigrationError } from '../../src/storage/migrations/migration-error.ts';

/** What comes out on the other side of a thread boundary. */
function carry(error: unknown): Error {
  return fromCarried(structuredClone(toCarried(error)));
}

const place = { file: '0001_a.sql', statement: { number: 1, line: 2, sql: 'NONSENSE;' } };

test.each([
  new Failure('invalid', 'No.', { errors: [{ pointer: '/slug', detail: 'No.' }], retryAfterS: 3 }),
  new NotPrimary(),
  new MigrationError(place, '0001_a.sql: no'),
])('an error arrives as it was: $name', (error) => {
  const carried = carry(error);
  expect(carried).toEqual(error);
  expect(carried.name).toBe(error.name);
  expect(carried.stack).toBe(error.stack);
});

test('a defect arrives with its name and stack', () => {
  const error = new TypeError('a defect');
  const { name, message, stack } = error;
  expect(carry(error)).toMatchObject({ name, message, stack });
});

test.each([
  ['Failure', Failure],
  ['NotPrimary', NotPrimary],
  ['MigrationError', MigrationError],
])('its class arrives too: %s', (_, type) => {
  const errors = [
    new Failure('gone', 'Gone.'),
    new NotPrimary(),
    new MigrationError(place, 'no'),
    new Error('other'),
  ];
  expect(errors.filter((error) => carry(error) instanceof type)).toEqual(
    errors.filter((error) => error instanceof type),
  );
});

test('what caused it arrives too, however deep', () => {
  const root = new Error('disk I/O error');
  const middle = new MigrationError(place, 'no', root);
  const carried = carry(new Failure('unavailable', 'Not now.', {}, middle));
  expect(carried.cause).toBeInstanceOf(MigrationError);
  expect((carried.cause as Error).cause).toMatchObject({ message: 'disk I/O error' });
});

test('what is not an error arrives as one', () => {
  expect(carry('thrown text')).toMatchObject({ name: 'Error', message: 'thrown text' });
});
