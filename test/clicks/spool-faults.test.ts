import { describe, expect, it } from 'vitest';
import { SimulatedDisk, somePick, systemError } from '../support/simulated-disk.ts';
import { SpoolHistory } from '../support/spool-history.ts';

type Step = (history: SpoolHistory) => Promise<void> | void;

const click =
  (count: number): Step =>
  (history) =>
    history.click(count);
const sync: Step = (history) => history.sync();
const seal: Step = (history) => history.seal();
const second: Step = (history) => history.passTime(1_000);
const reissue: Step = (history) => history.reissue(1);
const mend: Step = (history) => history.mend(0);
const crash: Step = (history) => history.restart(history.disk.crash());
const stop: Step = (history) => history.test.spool[Symbol.asyncDispose]();

const scenarios: Readonly<Record<string, readonly Step[]>> = {
  'clicks, seals and syncs': [
    ...[click(3), sync, click(2), seal, click(1), second],
    ...[click(300), sync, click(1), crash, click(2), seal, click(1), stop],
  ],
  'issues batches again': [
    ...[click(1), seal, click(2), seal, click(3), reissue],
    ...[click(2), seal, click(1), reissue, click(1), sync, seal],
  ],
  'issues batches again, and crashes at once': [
    ...[click(1), seal, click(2), seal, click(3), reissue, click(1), crash],
    ...[click(2), seal, reissue, click(1), crash, seal],
  ],
  'mends a batch': [
    ...[click(2), seal, click(3), seal, mend, click(1), seal, mend, click(1), crash, seal],
  ],
};

describe.each(Object.entries(scenarios))('a spool that %s', (_, steps) => {
  it('loses no click when its process is killed at any operation', async () => {
    await atEveryOperation(steps, async (history) => {
      await history.restart(history.disk.crash());
    });
  });

  it('loses only what was not synced when the power is cut at any operation', async () => {
    await atEveryOperation(steps, (history) => history.powerCut(() => 0));
  });

  it('loses only what was not synced when a power cut at any operation tears it', async () => {
    await atEveryOperation(steps, (history, operation) => history.powerCut(somePick(operation)));
  });

  it.each([
    { count: 1, code: 'EIO', every: 1 },
    { count: 1, code: 'ENOSPC', every: 1 },
    { count: 3, code: 'EIO', every: 2 },
    { count: 10, code: 'EIO', every: 5 },
  ])('keeps what it took when $count operations in a row fail with $code', async (fault) => {
    await failingOperations(steps, fault, (_disk, call) => {
      throw systemError(fault.code, call);
    });
  });

  it('keeps what it took when the disk is full from any operation on, and then no more', async () => {
    await failingOperations(steps, { count: 12, every: 3 }, (disk) => {
      disk.capacity = disk.bytes + 20;
    });
  });
});

/** Stops the disk at each operation in turn, has `end` begin anew, and looks for every click. */
async function atEveryOperation(
  steps: readonly Step[],
  end: (history: SpoolHistory, operation: number) => Promise<void>,
): Promise<void> {
  for (let stopAt = 1; ; stopAt += 1) {
    let operation = 0;
    const disk = new SimulatedDisk();
    const plan = { disk };
    disk.onOperation = () => {
      operation += 1;
      if (operation === stopAt) plan.disk.stop();
    };
    const history = await SpoolHistory.begin({ disk });
    for (const step of steps) {
      if (plan.disk.isStopped) break;
      await step(history);
      plan.disk = history.disk;
    }
    const isOver = !plan.disk.isStopped;
    history.disk.onOperation = () => undefined;
    await end(history, stopAt);
    await history.expectAll();
    history.click(2);
    await history.sync();
    await history.restart(history.disk.crash());
    await history.expectAll();
    if (isOver) break;
  }
}

/** Has `fail` look at `count` operations in a row, beginning at each of them, or each few, in turn. */
async function failingOperations(
  steps: readonly Step[],
  { count, every }: { readonly count: number; readonly every: number },
  fail: (disk: SimulatedDisk, call: string) => void,
): Promise<void> {
  for (let failFrom = 1; ; failFrom += every) {
    let operation = 0;
    const disk = new SimulatedDisk();
    const plan = { disk };
    disk.onOperation = (_, call) => {
      operation += 1;
      plan.disk.capacity = Number.MAX_SAFE_INTEGER;
      if (operation >= failFrom && operation < failFrom + count) fail(plan.disk, call);
    };
    const history = await SpoolHistory.begin({ disk });
    for (const step of steps) {
      await step(history);
      plan.disk = history.disk;
    }
    const operations = operation;
    history.disk.onOperation = () => undefined;
    history.disk.capacity = Number.MAX_SAFE_INTEGER;
    await history.restart(history.disk.crash());
    await history.expectAll();
    if (failFrom > operations) {
      expect(history.taken).toEqual(history.given);
      break;
    }
  }
}
