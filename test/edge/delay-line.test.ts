import { describe, expect, it } from 'vitest';
import { DelayLine } from '../../scripts/edge/delay-line.ts';
import { Faults } from '../../scripts/edge/faults.ts';
import { linkTo } from '../../scripts/edge/link.ts';
import { ManualClock } from './manual-clock.ts';
import { until } from './until.ts';

function start(oneWayMs: number) {
  const clock = new ManualClock();
  const faults = new Faults();
  const latency = { ams: { syd: oneWayMs } };
  const line = new DelayLine(linkTo({ id: 's1', region: 'syd' }, 'ams', faults, latency), clock);
  return { clock, faults, line };
}

/** Reads all that comes, and says what has come so far. */
function read(line: DelayLine): () => string {
  let text = '';
  line.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

/** Lets everything happen that is due. */
function turn(): Promise<void> {
  return new Promise(setImmediate);
}

describe('a stream on a link', () => {
  it('arrives as late as the link says, piece by piece and in order', async () => {
    const { clock, line } = start(10);
    const arrived = read(line);
    line.write('a');
    clock.advance(4);
    line.write('b');
    clock.advance(5);
    await turn();
    expect(arrived()).toBe('');
    clock.advance(1);
    await until(() => arrived() === 'a');
    clock.advance(3);
    await turn();
    expect(arrived()).toBe('a');
    clock.advance(1);
    await until(() => arrived() === 'ab');
  });

  it('ends as late as it says', async () => {
    const { clock, line } = start(10);
    let ended = false;
    line.on('end', () => {
      ended = true;
    });
    line.resume().end('a');
    await until(() => clock.isAwaited(10));
    clock.advance(9);
    await turn();
    expect(ended).toBe(false);
    clock.advance(1);
    await until(() => ended);
  });

  it('never overtakes itself when the link grows faster', async () => {
    const { clock, faults, line } = start(10);
    const arrived = read(line);
    line.write('a');
    faults.delay('ams', 's1', -10);
    line.write('b');
    await turn();
    expect(arrived()).toBe('');
    clock.advance(10);
    await until(() => arrived() === 'ab');
  });

  it('stands still during a partition and goes on after it', async () => {
    const { clock, faults, line } = start(10);
    const arrived = read(line);
    line.write('a');
    faults.partition('ams', 's1');
    clock.advance(1_000);
    line.write('b');
    await turn();
    expect(arrived()).toBe('');
    faults.heal('ams', 's1');
    await until(() => arrived() === 'a');
    clock.advance(10);
    await until(() => arrived() === 'ab');
  });

  it('makes its sender wait when a window’s worth is on its way', async () => {
    const { clock, line } = start(10);
    line.resume();
    const mebibyte = Buffer.alloc(1_048_576);
    let taken = 0;
    for (let at = 0; at < 3; at++) line.write(mebibyte, () => taken++);
    await turn();
    expect(taken).toBe(0);
    for (const expected of [1, 2, 3]) {
      clock.advance(10);
      await until(() => taken === expected);
    }
  });

  it('makes its sender wait for a slow reader', async () => {
    const { clock, line } = start(10);
    let taken = 0;
    for (let at = 0; at < 100; at++) {
      line.write(Buffer.alloc(65_536), () => taken++);
      clock.advance(10);
      await turn();
    }
    // What the window and the reader's own buffer hold, and no more.
    expect(taken).toBeLessThan(20);
    let bytes = 0;
    line.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    while (bytes < 100 * 65_536) {
      clock.advance(10);
      await turn();
    }
    expect(taken).toBe(100);
  });
});
