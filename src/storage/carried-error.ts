import { Failure, type FailureDetails, type FailureKind } from '../domain/failure.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import { MigrationError, type MigrationPlace } from './migrations/migration-error.ts';

/** An error as it crosses from one thread to another, where classes are lost. */
export type CarriedError = { readonly stack: string | undefined; readonly cause?: CarriedError } & (
  | {
      readonly is: 'failure';
      readonly kind: FailureKind;
      readonly message: string;
      readonly details: FailureDetails;
    }
  | { readonly is: 'not_primary' }
  | { readonly is: 'migration'; readonly place: MigrationPlace; readonly message: string }
  | { readonly is: 'defect'; readonly name: string; readonly message: string }
);

/** Takes an error apart, with the errors that caused it. */
export function toCarried(error: unknown): CarriedError {
  if (!(error instanceof Error)) {
    return { is: 'defect', name: 'Error', message: String(error), stack: undefined };
  }
  const common = {
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: toCarried(error.cause) }),
  };
  if (error instanceof Failure) {
    const { kind, message, details } = error;
    return { is: 'failure', kind, message, details, ...common };
  }
  if (error instanceof NotPrimary) return { is: 'not_primary', ...common };
  if (error instanceof MigrationError) {
    return { is: 'migration', place: error.place, message: error.message, ...common };
  }
  return { is: 'defect', name: error.name, message: error.message, ...common };
}

/** Makes the error again, with the stack of the thread it comes from. */
export function fromCarried(carried: CarriedError): Error {
  const error = create(carried);
  if (carried.stack !== undefined) error.stack = carried.stack;
  return error;
}

function create(carried: CarriedError): Error {
  const cause = carried.cause && fromCarried(carried.cause);
  switch (carried.is) {
    case 'failure':
      return new Failure(carried.kind, carried.message, carried.details, cause);
    case 'not_primary':
      return new NotPrimary();
    case 'migration':
      return new MigrationError(carried.place, carried.message, cause);
    case 'defect': {
      const error = new Error(carried.message, cause && { cause });
      error.name = carried.name;
      return error;
    }
  }
}
