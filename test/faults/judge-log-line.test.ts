import { expect, test } from 'vitest';
import { judgeLogLine } from '../../scripts/faults/driver/judge-log-line.ts';

test.for([
  ['level=INFO msg="LiteFS mounted to: /mnt"', undefined],
  ['{"level":"info","msg":"listening"}', undefined],
  ['{"level":"error","msg":"no"', undefined],
  ['{"level":"fatal","node":"ams1","msg":"cannot go on"}', { process: 'app', kind: 'fatal' }],
  ['{"level":"error","node":"ams1","msg":"batch lost"}', { process: 'app', kind: 'error' }],
  ['{"level":"error","room":"guard","msg":"LiteFS died"}', { process: 'guard', kind: 'error' }],
  [
    '{"level":"error","room":"guard","msg":"takes the lease although it is behind: what is missing here is lost"}',
    { process: 'guard', kind: 'alarm' },
  ],
  ['panic: runtime error: index out of range', { process: 'litefs', kind: 'panic' }],
  ['ERROR: node lost write access during transaction', { process: 'litefs', kind: 'exit-99' }],
] as const)('%s', ([line, found]) => {
  if (found === undefined) expect(judgeLogLine(line)).toBeUndefined();
  else expect(judgeLogLine(line)).toEqual({ ...found, text: line });
});
