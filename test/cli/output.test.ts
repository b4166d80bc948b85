import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';

/** A stream whose reader is gone. */
function brokenPipe(code: string): Writable {
  return new Writable({
    autoDestroy: false,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('write'), { code })),
  });
}

test('a reader that goes away is noticed, and nothing is written any more', async () => {
  const stdout = brokenPipe('EPIPE');
  const output = createOutput(stdout, process.stderr);
  expect(output.isClosed).toBe(false);
  output.line('one');
  await new Promise(setImmediate);
  expect(output.isClosed).toBe(true);
  const before = stdout.writableLength;
  output.json({ two: 2 });
  expect(stdout.writableLength).toBe(before);
});

test('any other failure of stdout is not hidden', () => {
  const stdout = brokenPipe('ENOSPC');
  createOutput(stdout, process.stderr);
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  expect(() => stdout.emit('error', full)).toThrow(full);
});
