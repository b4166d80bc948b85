import { expect, test, vi } from 'vitest';
import { ProgressView } from '../../src/guard/progress.ts';

test('who waits for news until a moment that has just passed does not wait, and is not warned', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const view = new ProgressView({ nowMs: () => 0, isEmpty: () => false });
  await view.news(-0.5);
  expect(warned).not.toHaveBeenCalled();
});
