/** Whether the system says of a file or folder what is wrong with it: the message names it, and a stack would add nothing. */
export function isPathError(error: unknown): error is NodeJS.ErrnoException & Error {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}
