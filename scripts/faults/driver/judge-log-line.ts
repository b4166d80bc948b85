import type { EventOf } from '../history.ts';

type Found = Pick<EventOf<'log'>, 'process' | 'kind' | 'text'>;

/** What the guard says when a node leads that may lack writes (src/guard/acquire-at-consul.ts). */
const alarm = /^takes the lease although it is behind/;
const maxLength = 500;

/** What a line of a node's log tells people; `undefined` for one that only tells what happens. */
export function judgeLogLine(line: string): Found | undefined {
  const text = line.slice(0, maxLength);
  if (line.startsWith('{')) return judgeJson(line, text);
  // LiteFS and Go speak in lines of text, Node when it gives up.
  if (/^(?:panic:|fatal error:|SIGSEGV)/.test(line))
    return { process: 'litefs', kind: 'panic', text };
  if (/Unhandled|uncaught exception/i.test(line)) {
    return { process: 'app', kind: 'unhandled-rejection', text };
  }
  if (/exit(?:ing)?[ a-z:]* (?:code )?99\b|node lost write access/.test(line)) {
    return { process: 'litefs', kind: 'exit-99', text };
  }
  if (/level=ERROR/.test(line)) return { process: 'litefs', kind: 'error', text };
  return undefined;
}

function judgeJson(line: string, text: string): Found | undefined {
  let said: { level?: unknown; room?: unknown; msg?: unknown };
  try {
    said = JSON.parse(line);
  } catch (error) {
    // A process that was killed while it wrote.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const process = said.room === 'guard' ? 'guard' : 'app';
  if (process === 'guard' && alarm.test(String(said.msg))) return { process, kind: 'alarm', text };
  if (said.level === 'fatal') return { process, kind: 'fatal', text };
  if (said.level === 'error') return { process, kind: 'error', text };
  return undefined;
}
