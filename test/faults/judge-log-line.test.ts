import { expect, test } from 'vitest';
import { judgeLogLine } from '../../scripts/faults/driver/judge-log-line.ts';

test.for([
  ['level=INFO msg="LiteFS mounted to: /mnt"', undefined],
  ['{"level":30,"msg":"primary"}', undefined],
  ['{"level":50,"msg":"no"', undefined],
  ['{"level":60,"node":"ams1","msg":"cannot go on"}', { process: 'app', kind: 'fatal' }],
  ['{"level":50,"node":"ams1","msg":"batch lost"}', { process: 'app', kind: 'error' }],
  ['panic: runtime error: index out of range', { process: 'litefs', kind: 'panic' }],
  ['ERROR: node lost write access during transaction', { process: 'litefs', kind: 'exit-99' }],
] as const)('%s', ([line, found]) => {
  if (found === undefined) expect(judgeLogLine(line)).toBeUndefined();
  else expect(judgeLogLine(line)).toEqual({ ...found, text: line });
});
