import { expect, onTestFinished, test, vi } from 'vitest';
import { askInClosedLoop } from '../../scripts/bench/closed-loop.ts';
import type { Connection } from '../../scripts/bench/connection.ts';
import { askAtTimes } from '../../scripts/bench/open-loop.ts';

/** A connection without a server: answers come when the test says so. */
class FakeConnection implements Pick<Connection, 'link' | 'waitsSinceMs' | 'onAnswer' | 'ask'> {
  link = 0;
  waitsSinceMs = 0;
  onAnswer: (connection: Connection) => void = () => undefined;
  readonly asked: { readonly atMs: number; readonly waitsSinceMs: number }[] = [];
  readonly #answerLater: (answer: () => void) => void;

  constructor(answerLater: (answer: () => void) => void) {
    this.#answerLater = answerLater;
  }

  ask(link: number, waitsSinceMs: number): void {
    this.link = link;
    this.waitsSinceMs = waitsSinceMs;
    this.asked.push({ atMs: performance.now(), waitsSinceMs });
    this.#answerLater(() => this.onAnswer(this.real));
  }

  get real(): Connection {
    return this as unknown as Connection;
  }
}

test('an open loop charges a server that stops with everybody who was due meanwhile', async () => {
  const stopMs = 50;
  let stoppedUntilMs = 0;
  const connection = new FakeConnection((answer) => {
    if (stoppedUntilMs === 0) stoppedUntilMs = performance.now() + stopMs;
    const later = () => (performance.now() < stoppedUntilMs ? setImmediate(later) : answer());
    setImmediate(later);
  });
  const tookMs: number[] = [];
  await askAtTimes([connection.real], {
    seconds: 0.1,
    perSecond: 2_000,
    pick: () => 0,
    record: (_, ms) => tookMs.push(ms),
  });
  expect(connection.asked).toHaveLength(tookMs.length);
  // Nobody else was asked while the server stood still, but those of that time were waiting since then.
  const [, ...others] = connection.asked;
  const late = others.filter(({ waitsSinceMs }) => waitsSinceMs < stoppedUntilMs);
  expect(late.length).toBeGreaterThan(50);
  for (const { atMs } of late) expect(atMs).toBeGreaterThanOrEqual(stoppedUntilMs);
  // Their waits end together and began evenly: on average half of the stop.
  const waits = tookMs.slice(0, late.length + 1);
  expect(Math.max(...waits)).toBeGreaterThanOrEqual(stopMs);
  expect(waits.reduce((sum, each) => sum + each, 0) / waits.length).toBeGreaterThan(stopMs / 4);
});

test('an open loop asks as often as it is told to, at times that do not depend on answers', async () => {
  const connections = Array.from(
    { length: 8 },
    () => new FakeConnection((answer) => setImmediate(answer)),
  );
  let answered = 0;
  await askAtTimes(
    connections.map((connection) => connection.real),
    { seconds: 0.2, perSecond: 10_000, pick: () => 0, record: () => (answered += 1) },
  );
  // 2,000 are due, give or take six times the deviation of as many independent ones.
  expect(Math.abs(answered - 2_000)).toBeLessThan(6 * Math.sqrt(2_000));
  const due = connections.flatMap(({ asked }) => asked.map(({ waitsSinceMs }) => waitsSinceMs));
  expect(new Set(due).size).toBe(answered);
});

test('an open loop that sleeps asks as often, at whole milliseconds, and charges nobody with its sleep', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const connections = Array.from({ length: 64 }, () => new FakeConnection((answer) => answer()));
  let answered = 0;
  const over = askAtTimes(
    connections.map((connection) => connection.real),
    {
      seconds: 2,
      perSecond: 1_000,
      sleeps: true,
      pick: () => 0,
      record: (_, tookMs) => {
        answered += 1;
        expect(tookMs).toBe(0);
      },
    },
  );
  await vi.advanceTimersByTimeAsync(3_000);
  await over;
  expect(Math.abs(answered - 2_000)).toBeLessThan(6 * Math.sqrt(2_000));
});

test('a closed loop asks each connection again after its answer, and for no more than it may', async () => {
  let waiting: (() => void)[] = [];
  const connections = Array.from(
    { length: 4 },
    () => new FakeConnection((answer) => waiting.push(answer)),
  );
  const links: number[] = [];
  let next = 0;
  const over = askInClosedLoop(
    connections.map((connection) => connection.real),
    { seconds: 3_600, maxRequests: 10, pick: () => next++, record: (link) => links.push(link) },
  );
  for (const expected of [4, 4, 2]) {
    expect(waiting).toHaveLength(expected);
    const answers = waiting;
    waiting = [];
    for (const answer of answers) answer();
  }
  await over;
  expect(waiting).toEqual([]);
  expect(links).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a closed loop ends after its time, with the answers that are under way', async () => {
  const connection = new FakeConnection((answer) => setImmediate(answer));
  const tookMs: number[] = [];
  await askInClosedLoop([connection.real], {
    seconds: 0.02,
    maxRequests: Number.POSITIVE_INFINITY,
    pick: () => 0,
    record: (_, ms) => tookMs.push(ms),
  });
  expect(tookMs.length).toBeGreaterThan(0);
  expect(connection.asked).toHaveLength(tookMs.length);
});
