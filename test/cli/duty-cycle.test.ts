import { beforeEach, describe, expect, it } from 'vitest';
import { DutyCycle } from '../../src/cli/backup/duty-cycle.ts';

let cpuMs: number;
let slept: number[];
let blocked: number[];

beforeEach(() => {
  cpuMs = 40;
  slept = [];
  blocked = [];
});

function createCycle(): DutyCycle {
  return new DutyCycle({
    cpuMs: () => cpuMs,
    sleep: async (ms) => slept.push(ms),
    block: (ms) => blocked.push(ms),
  });
}

describe('a duty cycle', () => {
  it('rests three times as long as the piece of work before took of the CPU', async () => {
    const cycle = createCycle();
    cpuMs += 8;
    await cycle.rest();
    cpuMs += 5;
    cycle.restHere();
    expect(slept).toEqual([24]);
    expect(blocked).toEqual([15]);
  });

  it('rests not at all after work that waited', async () => {
    const cycle = createCycle();
    await cycle.rest();
    cycle.restHere();
    expect([...slept, ...blocked]).toEqual([]);
  });

  it('saves up rests that are too short for a timer', async () => {
    const cycle = createCycle();
    for (let piece = 0; piece < 3; piece += 1) {
      cpuMs += 0.25;
      await cycle.rest();
    }
    expect(slept).toEqual([1.5]);
  });

  it('never rests long, also after a piece that was', async () => {
    const cycle = createCycle();
    cpuMs += 14_000;
    await cycle.rest();
    cpuMs += 14_000;
    cycle.restHere();
    expect([...slept, ...blocked]).toEqual([100, 100]);
  });

  it('sees what this process works, and waits', async () => {
    const cycle = new DutyCycle();
    const { user, system } = process.cpuUsage();
    for (let spent = 0; spent < 20_000; ) {
      const now = process.cpuUsage();
      spent = now.user + now.system - user - system;
    }
    const startMs = performance.now();
    cycle.restHere();
    await cycle.rest();
    // Timers end up to a millisecond early.
    expect(performance.now() - startMs).toBeGreaterThan(58);
  });
});
